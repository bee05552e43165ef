using Orleans.Mail.Silo.Hosting;

try
{
    var app = MailSilo.Build(args);
    await app.RunAsync();
    // Not 0 where the silo left by itself.
    return Environment.ExitCode;
}
catch (Exception exception) when (ConfigurationFaults.Of(exception) is { Count: > 0 } faults)
{
    // Every fault at once, without a stack trace: this is for whoever wrote the configuration.
    Console.Error.WriteLine("The configuration is not usable:");
    foreach (var fault in faults) Console.Error.WriteLine($"  {fault}");
    return 2;
}
