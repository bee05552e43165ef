using System.Net;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Routing;

namespace Orleans.Mail.Policy.Tests.Routing;

/// <summary>RFC 5321 §5.1: a host never sends to itself, nor to those that would send to it.</summary>
public sealed class LoopPolicyTests
{
    static readonly AddressGuard Guard = new([], [IPAddress.Parse("8.8.8.8")]);

    [Fact]
    public void Own_name_leaves_only_better_hosts() =>
        Assert.Equal(["a"], Names(Host(10, "a", "9.9.9.9"), Host(20, "Out.Sender.test", "9.9.9.8"), Host(20, "b", "9.9.9.7"), Host(30, "c", "9.9.9.6")));

    [Fact]
    public void Own_address_leaves_only_better_hosts() =>
        Assert.Equal(["a"], Names(Host(10, "a", "9.9.9.9"), Host(20, "b", "9.9.9.8", "8.8.8.8"), Host(20, "c", "9.9.9.7")));

    [Fact]
    public void Others_stay_as_they_are()
    {
        var answer = Answer(Host(10, "a", "9.9.9.9"));
        Assert.Same(answer, LoopPolicy.LeaveOutOwn(answer, "out.sender.test", Guard));
    }

    [Fact]
    public void With_none_left_mail_fails_for_good()
    {
        var answer = LoopPolicy.LeaveOutOwn(Answer(Host(10, "a", "8.8.8.8"), Host(20, "b", "9.9.9.9")), "out.sender.test", Guard);
        Assert.Equal(MxStatus.LoopsBack, answer.Status);
        Assert.Empty(answer.Hosts);
        var outcome = OutcomeClassifier.Classify(answer.Status);
        Assert.Equal((OutcomeKind.Failed, FailureScope.Site, "mx.loop", new EnhancedStatus(5, 4, 6)), (outcome.Kind, outcome.Scope, outcome.Rule, outcome.Status));
    }

    [Fact]
    public void What_is_no_list_of_hosts_stays()
    {
        var answer = new MxAnswer(MxStatus.TemporaryFailure, [], DateTimeOffset.MaxValue);
        Assert.Same(answer, LoopPolicy.LeaveOutOwn(answer, "out.sender.test", Guard));
    }

    static IEnumerable<string> Names(params MxHost[] hosts) => LoopPolicy.LeaveOutOwn(Answer(hosts), "out.sender.test", Guard).Hosts.Select(host => host.Name);

    static MxAnswer Answer(params MxHost[] hosts) => new(MxStatus.Hosts, [.. hosts], DateTimeOffset.MaxValue);

    static MxHost Host(int preference, string name, params string[] addresses) => new(preference, name, [.. addresses.Select(IPAddress.Parse)]);
}
