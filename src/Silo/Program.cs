using Orleans.Mail.Silo.Hosting;

try
{
    var app = MailSilo.Build(args);
    await app.RunAsync();
    return 0;
}
catch (Microsoft.Extensions.Options.OptionsValidationException exception)
{
    // Every fault at once, without a stack trace: this is for whoever wrote the configuration.
    Console.Error.WriteLine("The configuration is not usable:");
    foreach (var failure in exception.Failures) Console.Error.WriteLine($"  {failure}");
    return 2;
}
