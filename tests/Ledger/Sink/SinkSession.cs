using System.Net.Sockets;
using System.Text;

namespace Orleans.Mail.Ledger;

/// <summary>One SMTP dialogue of the sink (RFC 5321), with pipelining (RFC 2920).</summary>
sealed class SinkSession(Socket socket, DurableLines<ReceivedLine> ledger, FaultDice dice, SinkCounts counts, TimeProvider clock, bool isTurnedAway) : IDisposable
{
    readonly ContentReader _content = new();
    readonly List<string> _recipients = [];
    readonly StringBuilder _replies = new();
    readonly byte[] _buffer = new byte[1 << 16];
    int _start, _end;
    bool _hasSender;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (isTurnedAway) counts.TurnedAway();
        Reply(isTurnedAway ? "421 4.7.0 ledger.test too many sessions" : "220 ledger.test ESMTP");
        if (isTurnedAway)
        {
            await FlushAsync(cancellationToken);
            return;
        }

        while (await ReadCommandAsync(cancellationToken) is { } command)
            if (!await AnswerAsync(command, cancellationToken))
                break;
        await FlushAsync(cancellationToken);
    }

    public void Dispose() => _content.Dispose();

    /// <summary>False ends the session.</summary>
    async Task<bool> AnswerAsync(string command, CancellationToken cancellationToken)
    {
        var verb = command.Length >= 4 ? command[..4].ToUpperInvariant() : command.ToUpperInvariant();
        switch (verb)
        {
            case "EHLO":
                Reset();
                Reply("250-ledger.test\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES");
                return true;
            case "HELO" or "RSET":
                Reset();
                Reply("250 2.0.0 ok");
                return true;
            case "NOOP":
                Reply("250 2.0.0 ok");
                return true;
            case "MAIL":
                if (_hasSender) Reply("503 5.5.1 nested MAIL");
                else Reply("250 2.1.0 ok");
                _hasSender = true;
                return true;
            case "RCPT":
                AnswerRecipient(command);
                return true;
            case "DATA" when _recipients.Count == 0:
                Reply(_hasSender ? "554 5.5.1 no valid recipients" : "503 5.5.1 MAIL first");
                return true;
            case "DATA":
                return await AnswerDataAsync(cancellationToken);
            case "QUIT":
                Reply("221 2.0.0 bye");
                return false;
            default:
                Reply("500 5.5.2 unknown command");
                return true;
        }
    }

    void AnswerRecipient(string command)
    {
        var open = command.IndexOf('<', StringComparison.Ordinal);
        var close = command.LastIndexOf('>');
        if (!_hasSender || open < 0 || close < open)
        {
            Reply(_hasSender ? "501 5.5.4 no path" : "503 5.5.1 MAIL first");
            return;
        }

        var recipient = command[(open + 1)..close];
        if (dice.RefusesForGood(recipient)) Reply("550 5.1.1 no such mailbox");
        else if (dice.RefusesNow(recipient)) Reply("451 4.7.1 try later");
        else
        {
            _recipients.Add(recipient);
            Reply("250 2.1.5 ok");
        }
    }

    async Task<bool> AnswerDataAsync(CancellationToken cancellationToken)
    {
        var drops = dice.DropsBeforeDot(_recipients[0]);
        Reply("354 go ahead");
        _content.Start();
        while (true)
        {
            if (_start == _end && !await ReceiveAsync(cancellationToken)) return false;
            if (drops)
            {
                Cut();
                return false;
            }

            var isWhole = _content.Read(_buffer.AsSpan(_start, _end - _start), out var used);
            _start += used;
            if (isWhole) break;
        }

        return await AnswerEndOfDataAsync(cancellationToken);
    }

    async Task<bool> AnswerEndOfDataAsync(CancellationToken cancellationToken)
    {
        var id = _content.Id;
        if (id is null) counts.WithoutId();
        // A copy without an id is noted under a name that nobody submitted, so that the checker finds it.
        id ??= "none-" + _content.Sha256;
        if (dice.IsSlow(id)) await Task.Delay(dice.Shares.SlowFor, clock, cancellationToken);
        var phase = dice.RefusesAtDot(id) ? SinkPhase.Refused : dice.DropsAfterDot(id) ? SinkPhase.TakenUnanswered : SinkPhase.Taken;
        var at = clock.GetUtcNow();
        var (octets, sha256, attempt) = (_content.Octets, _content.Sha256, _content.Attempt);
        await ledger.AppendAsync(_recipients.ConvertAll(recipient => new ReceivedLine(at, id, recipient, phase, octets, sha256, attempt)));
        counts.Noted(phase, _recipients.Count);
        Reset();
        if (phase == SinkPhase.TakenUnanswered)
        {
            Cut();
            return false;
        }

        Reply(phase == SinkPhase.Refused ? "451 4.3.0 not now" : "250 2.0.0 noted");
        return true;
    }

    void Reset()
    {
        _recipients.Clear();
        _hasSender = false;
    }

    void Reply(string line) => _replies.Append(line).Append("\r\n");

    /// <summary>A reset instead of a close, with every unsent reply dropped.</summary>
    void Cut()
    {
        _replies.Clear();
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    async Task<string?> ReadCommandAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var end = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8);
            if (end >= 0)
            {
                var command = Encoding.UTF8.GetString(_buffer, _start, end);
                _start += end + 2;
                return command;
            }

            if (_end - _start == _buffer.Length) throw new IOException("A command without end.");
            if (!await ReceiveAsync(cancellationToken)) return null;
        }
    }

    /// <summary>Sends what is owed before it waits for more, so that a group of pipelined commands gets its replies in one packet.</summary>
    async Task<bool> ReceiveAsync(CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken);
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        var read = await socket.ReceiveAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += read;
        return read > 0;
    }

    async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_replies.Length == 0) return;
        ReadOnlyMemory<byte> bytes = Encoding.ASCII.GetBytes(_replies.ToString());
        _replies.Clear();
        while (bytes.Length > 0) bytes = bytes[await socket.SendAsync(bytes, cancellationToken)..];
    }
}
