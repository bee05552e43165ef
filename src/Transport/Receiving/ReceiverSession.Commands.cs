using System.Buffers;

namespace Orleans.Mail.Transport.Receiving;

/// <summary>The commands (RFC 5321 §4.1.1).</summary>
sealed partial class ReceiverSession
{
    static readonly ReceiverReply BadSequence = new(503, "5.5.1 Bad sequence of commands");
    static readonly ReceiverReply BadSyntax = new(501, "5.5.4 Bad syntax");
    static readonly ReceiverReply TooLarge = new(552, "5.3.4 Message too large");

    async ValueTask AnswerAsync(string line, CancellationToken stopping)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        var verb = (space < 0 ? line : line[..space]).ToUpperInvariant();
        var argument = space < 0 ? "" : line[(space + 1)..].Trim();
        var own = behavior.OnCommand(context, verb, line);
        if (verb == "DATA" && own is null or { Code: 354 })
        {
            await ReceiveMailAsync(own, stopping).ConfigureAwait(false);
            return;
        }

        var reply = own ?? Answer(verb, argument);
        await SayAsync(reply, stopping).ConfigureAwait(false);
        if (verb == "STARTTLS" && reply.Code == 220 && !_isOver) await StartTlsAsync().ConfigureAwait(false);
    }

    ReceiverReply Answer(string verb, string argument) => verb switch
    {
        "EHLO" => Greet(argument, Extensions()),
        "HELO" => Greet(argument, options.HostName),
        "MAIL" => AnswerMail(argument),
        "RCPT" => AnswerRecipient(argument),
        "RSET" => Reset(),
        "NOOP" => ReceiverReply.Ok,
        "VRFY" => new ReceiverReply(252, "2.5.2 Cannot verify"),
        "QUIT" => new ReceiverReply(221, "2.0.0 Bye") { Connection = ConnectionFate.DropAfterReply },
        "STARTTLS" when options.Certificate is not null && !context.IsTls => new ReceiverReply(220, "2.0.0 Ready"),
        _ => new ReceiverReply(502, "5.5.1 Not implemented"),
    };

    ReceiverReply Greet(string name, string text)
    {
        if (name.Length == 0) return BadSyntax;
        context.ClientName = name;
        context.EndTransaction();
        return new ReceiverReply(250, text);
    }

    string Extensions() => string.Join('\n', new[]
    {
        options.HostName,
        options.OffersPipelining ? "PIPELINING" : null,
        options.OffersSize ? $"SIZE {options.MaxContentBytes}" : null,
        options.OffersEightBitMime ? "8BITMIME" : null,
        options.OffersSmtpUtf8 ? "SMTPUTF8" : null,
        options.OffersEnhancedStatusCodes ? "ENHANCEDSTATUSCODES" : null,
        options.Certificate is not null && !context.IsTls ? "STARTTLS" : null,
    }.Where(extension => extension is not null));

    ReceiverReply Reset()
    {
        context.EndTransaction();
        return ReceiverReply.Ok;
    }

    ReceiverReply AnswerMail(string argument)
    {
        if (context.ClientName is null || context.From is not null) return BadSequence;
        if (!PathSyntax.TryParse(argument, "FROM:", out var from, out var parameters)) return BadSyntax;
        foreach (var parameter in parameters)
            if (Refuse(parameter) is { } refusal)
                return refusal;
        var reply = behavior.OnMailFrom(context, from);
        if (reply.IsPositive) context.From = from;
        return reply;
    }

    ReceiverReply? Refuse(string parameter)
    {
        var parts = parameter.ToUpperInvariant().Split('=');
        return parts[0] switch
        {
            "SIZE" when options.OffersSize && parts.Length == 2 && long.TryParse(parts[1], out var size) => size > options.MaxContentBytes ? TooLarge : null,
            "BODY" when options.OffersEightBitMime && parts.Length == 2 && parts[1] is "7BIT" or "8BITMIME" => null,
            "SMTPUTF8" when options.OffersSmtpUtf8 && parts.Length == 1 => null,
            _ => new ReceiverReply(555, "5.5.4 Unknown parameter"),
        };
    }

    ReceiverReply AnswerRecipient(string argument)
    {
        if (context.From is null) return BadSequence;
        if (!PathSyntax.TryParse(argument, "TO:", out var recipient, out var parameters) || recipient.Length == 0) return BadSyntax;
        if (parameters.Length > 0) return new ReceiverReply(555, "5.5.4 Unknown parameter");
        if (context.AcceptedRecipients.Count >= options.MaxRecipients) return new ReceiverReply(452, "4.5.3 Too many recipients");
        var reply = behavior.OnRecipient(context, recipient);
        if (reply.IsPositive) context.AcceptedRecipients.Add(recipient);
        return reply;
    }

    async ValueTask ReceiveMailAsync(ReceiverReply? invitation, CancellationToken stopping)
    {
        if (context.From is not { } from || context.AcceptedRecipients.Count == 0)
        {
            await SayAsync(invitation ?? BadSequence, stopping).ConfigureAwait(false);
            if (invitation is null || _isOver) return;
        }
        else
        {
            await SayAsync(invitation ?? new ReceiverReply(354, "End with a dot"), stopping).ConfigureAwait(false);
        }

        var content = new ArrayBufferWriter<byte>(8 * 1024);
        _input.BeginContent();
        InputStatus status;
        while ((status = _input.ReadContent(content, options.MaxContentBytes)) == InputStatus.NeedsMore && !_isOver) await ReceiveAsync().ConfigureAwait(false);
        if (_isOver) return;
        context.MailCount++;
        var mail = new ReceivedMail(context.From ?? "", [.. context.AcceptedRecipients], content.WrittenMemory, time.GetUtcNow());
        context.EndTransaction();
        var reply = status == InputStatus.TooLong ? TooLarge : mail.Recipients.IsEmpty ? new ReceiverReply(554, "5.5.1 No valid recipients") : behavior.OnEndOfData(context, mail);
        await SayAsync(reply, stopping).ConfigureAwait(false);
    }
}
