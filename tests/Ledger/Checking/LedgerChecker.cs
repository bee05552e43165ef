namespace Orleans.Mail.Ledger;

/// <summary>
/// Compares what was accepted with what arrived, recipient by recipient. Only the sink's ledger counts as delivery: what the service
/// says of itself can explain an absence or a second copy, never an arrival.
/// </summary>
public static class LedgerChecker
{
    const int MaxExamples = 20;

    public static LedgerReport Check(
        IEnumerable<SubmittedLine> submitted,
        IEnumerable<ReceivedLine> received,
        IEnumerable<EventLine> events,
        IEnumerable<QueuedLine>? queued = null)
    {
        ArgumentNullException.ThrowIfNull(submitted);
        ArgumentNullException.ThrowIfNull(received);
        ArgumentNullException.ThrowIfNull(events);
        var run = new Run();
        foreach (var line in submitted) run.Add(line);
        foreach (var line in received) run.Add(line);
        foreach (var line in events) run.Add(line);
        foreach (var line in queued ?? []) run.Add(line);
        return run.Report();
    }

    sealed class Run
    {
        readonly Dictionary<string, Message> _messages = new(StringComparer.Ordinal);
        readonly List<string> _examples = [];
        long _unexpected, _altered;

        public void Add(SubmittedLine line)
        {
            if (!_messages.TryGetValue(line.Id, out var message)) _messages.Add(line.Id, message = new Message(line.Outcome));
            // A later receipt under the same key makes an unknown outcome known.
            if (message.Outcome != SubmitOutcome.Accepted) message.Outcome = line.Outcome;
            message.Sha256 ??= line.Sha256;
            foreach (var recipient in line.Recipients) message.Recipients.TryAdd(recipient, new Fate());
        }

        public void Add(ReceivedLine line)
        {
            if (line.Phase == SinkPhase.Refused) return;
            if (!_messages.TryGetValue(line.Id, out var message) || message.Outcome == SubmitOutcome.Refused || !message.Recipients.TryGetValue(line.Recipient, out var fate))
            {
                _unexpected++;
                Example("unexpected", line.Id, line.Recipient);
                return;
            }

            fate.Copies++;
            if (message.Sha256 is null || string.Equals(message.Sha256, line.Sha256, StringComparison.OrdinalIgnoreCase)) return;
            _altered++;
            Example("altered", line.Id, line.Recipient);
        }

        public void Add(EventLine line)
        {
            var isEnd = line.IsFinal || line.Type is "Delivered" or "Bounced" or "Expired" or "Cancelled" or "Suppressed";
            foreach (var fate in FatesOf(line.Id, line.Recipient))
            {
                // What ends the whole message ends those recipients that were still open.
                if (isEnd && line.Recipient is null && fate.Ends > 0) continue;
                // An expiry may follow an attempt that ended in doubt: two facts, one end.
                if (isEnd && line.Type != "Uncertain") fate.Ends++;
                if (line.Type == "Uncertain") fate.Uncertain++;
                if (line.Type == "Delivered") fate.IsCalledDelivered = true;
                else if (isEnd) fate.HasOtherEnd = true;
            }
        }

        public void Add(QueuedLine line)
        {
            foreach (var fate in FatesOf(line.Id, line.Recipient)) fate.IsQueued = true;
        }

        public LedgerReport Report()
        {
            long messages = 0, accepted = 0, delivered = 0, ended = 0, queued = 0, lost = 0, falsely = 0, recovered = 0, duplicates = 0, explained = 0, contradicted = 0, uncertain = 0;
            foreach (var (id, message) in _messages)
            {
                var isOwed = message.Outcome == SubmitOutcome.Accepted;
                if (isOwed) messages++;
                foreach (var (recipient, fate) in message.Recipients)
                {
                    uncertain += fate.Uncertain;
                    var extra = Math.Max(0, fate.Copies - 1);
                    duplicates += extra;
                    explained += Math.Min(extra, fate.Uncertain);
                    if (extra > fate.Uncertain) Example("unexplained duplicate", id, recipient);
                    if (fate.Ends > 1)
                    {
                        contradicted++;
                        Example("contradicted", id, recipient);
                    }

                    if (!isOwed)
                    {
                        if (fate.Copies > 0) recovered++;
                        continue;
                    }

                    accepted++;
                    if (fate.Copies > 0) delivered++;
                    else if (fate.HasOtherEnd) ended++;
                    else if (fate.IsQueued && !fate.IsCalledDelivered) queued++;
                    else
                    {
                        lost++;
                        if (fate.IsCalledDelivered) falsely++;
                        Example(fate.IsCalledDelivered ? "lost, called delivered" : "lost", id, recipient);
                    }
                }
            }

            return new LedgerReport
            {
                Messages = messages,
                Accepted = accepted,
                Delivered = delivered,
                Ended = ended,
                Queued = queued,
                Lost = lost,
                FalselyDelivered = falsely,
                Recovered = recovered,
                Unexpected = _unexpected,
                Duplicates = duplicates,
                ExplainedDuplicates = explained,
                UnexplainedDuplicates = duplicates - explained,
                Altered = _altered,
                Contradicted = contradicted,
                Uncertain = uncertain,
                Examples = _examples.Count > 0 ? [.. _examples] : null,
            };
        }

        IReadOnlyCollection<Fate> FatesOf(string id, string? recipient)
        {
            if (!_messages.TryGetValue(id, out var message)) return [];
            if (recipient is null) return message.Recipients.Values;
            Fate[] none = [];
            return message.Recipients.TryGetValue(recipient, out var fate) ? [fate] : none;
        }

        void Example(string what, string id, string recipient)
        {
            if (_examples.Count < MaxExamples) _examples.Add($"{what}: {id} {recipient}");
        }
    }

    sealed class Message(SubmitOutcome outcome)
    {
        public SubmitOutcome Outcome = outcome;
        public string? Sha256;

        // RFC 5321 §2.4 lets only the domain ignore case; a service may fold it, and the submitter's addresses never differ by case alone.
        public readonly Dictionary<string, Fate> Recipients = new(StringComparer.OrdinalIgnoreCase);
    }

    sealed class Fate
    {
        public int Copies;
        public int Uncertain;
        public int Ends;
        public bool HasOtherEnd;
        public bool IsCalledDelivered;
        public bool IsQueued;
    }
}
