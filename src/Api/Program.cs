using Orleans.Mail.Api;

await MailApi.Build(args).RunAsync();
