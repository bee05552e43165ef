using System.Collections.Immutable;

namespace Orleans.Mail.Policy.Routing;

/// <summary>Keeps mail from coming back to the machine that sends it.</summary>
public static class LoopPolicy
{
    /// <summary>
    /// Leaves out the hosts that are this machine, by name or by address, and all that are no better preferred than they:
    /// they would hand the mail back to us (RFC 5321 §5.1). With none left the answer is <see cref="MxStatus.LoopsBack"/>.
    /// </summary>
    /// <param name="answer">What the name service said.</param>
    /// <param name="localName">The name said in EHLO.</param>
    /// <param name="guard">Knows the machine's addresses.</param>
    public static MxAnswer LeaveOutOwn(MxAnswer answer, string localName, AddressGuard guard)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(guard);
        if (answer.Status != MxStatus.Hosts) return answer;
        var own = answer.Hosts.Where(host => string.Equals(host.Name, localName, StringComparison.OrdinalIgnoreCase) || host.Addresses.Any(guard.IsOwn)).ToArray();
        if (own.Length == 0) return answer;
        var best = own.Min(host => host.Preference);
        var better = answer.Hosts.Where(host => host.Preference < best).ToImmutableArray();
        return better.IsEmpty ? answer with { Status = MxStatus.LoopsBack, Hosts = better } : answer with { Hosts = better };
    }
}
