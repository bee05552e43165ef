using System.Net;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Routing;

/// <summary>What one attempt has dialled: each address once, and no more of them, nor of hosts that said anything, than an attempt may have.</summary>
sealed class DialTries
{
    readonly HashSet<IPEndPoint> _dialled = [];
    int _answered;

    /// <summary>Whether the attempt may still dial.</summary>
    public bool IsOver => _answered >= RoutePolicy.MaxSessions || _dialled.Count >= RoutePolicy.MaxAddresses;

    /// <summary>What was dialled last; null before.</summary>
    public SmtpTarget? Last { get; private set; }

    /// <summary>Whether this address was not dialled yet; it counts as dialled from now on.</summary>
    public bool TryTake(SmtpTarget target)
    {
        if (!_dialled.Add(new IPEndPoint(target.Address, target.Port))) return false;
        Last = target;
        return true;
    }

    /// <summary>Somebody answered there: with a session, or with a refusal.</summary>
    public void Answered() => _answered++;
}
