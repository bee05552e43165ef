using System.CommandLine;

namespace Orleans.Mail.Cli.Commands;

/// <summary><c>send</c>: submits one message, and waits for its end if asked.</summary>
static class SendCommand
{
    public static Command Create(SharedOptions shared)
    {
        var from = new Option<string>("--from") { Description = "Sender's address.", Required = true, HelpName = "address" };
        var to = new Option<string[]>("--to") { Description = "Recipient's address; may be repeated.", Required = true, HelpName = "address" };
        var subject = new Option<string?>("--subject") { Description = "Subject.", HelpName = "text" };
        var text = new Option<string?>("--text") { Description = "Text of the message.", HelpName = "text" };
        var eml = new Option<FileInfo>("--eml") { Description = "A ready message, sent octet by octet; instead of --subject and --text.", HelpName = "file" }.AcceptExistingOnly();
        var key = new Option<string?>("--key") { Description = "Your name for this message: sending it again under the same key is the same submission.", HelpName = "text" };
        var priority = new Option<Priority>("--priority") { Description = "Normal, High or Bulk. Default: Normal.", HelpName = "name" };
        var tenant = new Option<string?>("--tenant") { Description = "Who sends. Default: default.", HelpName = "name" };
        var tags = new Option<string[]>("--tag") { Description = "A label to find it by; may be repeated.", HelpName = "text" };
        var wait = new Option<bool>("--wait") { Description = "Wait until the message is final (see --for); exit code 1 unless it was delivered." };
        var limit = new Option<TimeSpan>("--for") { Description = "Longest wait, as hh:mm:ss. Default: 00:02:00.", HelpName = "time", DefaultValueFactory = _ => TimeSpan.FromMinutes(2) };
        var command = new Command("send", "Submits a message. It returns when the service owns the message.") { from, to, subject, text, eml, key, priority, tenant, tags, wait, limit };
        command.Validators.Add(result =>
        {
            if (result.GetValue(eml) is not null && (result.GetValue(subject) is not null || result.GetValue(text) is not null))
                result.AddError("--eml is the whole message: leave out --subject and --text.");
        });
        command.SetAction(shared.Action(async call =>
        {
            var parsed = call.Parsed;
            var draft = parsed.GetValue(eml) is { } file
                ? MailDraft.FromEml(await File.ReadAllBytesAsync(file.FullName, call.CancellationToken), parsed.GetRequiredValue(from), parsed.GetRequiredValue(to))
                : new MailDraft { From = parsed.GetRequiredValue(from), To = parsed.GetRequiredValue(to), Subject = parsed.GetValue(subject), Text = parsed.GetValue(text) ?? "" };
            var submission = await call.Client.SubmitAsync(draft with
            {
                IdempotencyKey = parsed.GetValue(key),
                Priority = parsed.GetValue(priority),
                Tenant = parsed.GetValue(tenant),
                Tags = parsed.GetValue(tags) ?? [],
            }, call.CancellationToken);
            if (!parsed.GetValue(wait))
            {
                call.Printer.Write(submission);
                return ExitCodes.Ok;
            }

            await call.Talk.WriteLineAsync($"Accepted as {submission.Id}; waiting for its end.");
            var status = await submission.WaitAsync(parsed.GetValue(limit), call.CancellationToken);
            call.Printer.Write(status);
            return status.State == MailState.Delivered ? ExitCodes.Ok : ExitCodes.Failed;
        }));
        return command;
    }
}
