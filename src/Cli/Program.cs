using Orleans.Mail.Cli.Commands;

return await CommandLine.RunAsync(args, Gateway.ConnectAsync);
