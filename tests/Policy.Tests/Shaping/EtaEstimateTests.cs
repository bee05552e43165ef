using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Policy.Tests.Shaping;

public sealed class EtaEstimateTests
{
    static readonly DateTimeOffset Now = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
    static readonly DateTimeOffset Expiry = Now.AddDays(5);

    [Fact]
    public void Of_APlaceInTheQueue_IsItsShareOfThePace()
    {
        var eta = EtaEstimate.Of(Now, [], new QueuePlace("gmail.com", 131, 12_000, 38), Expiry);

        Assert.Equal("position 132 of 12,000 at gmail.com, 38/s", eta.Reason);
        Assert.InRange((eta.Earliest - Now).TotalSeconds, 2, 131 / 38.0);
        Assert.InRange((eta.Latest!.Value - Now).TotalSeconds, 131 / 38.0, 10);
    }

    [Fact]
    public void Of_SeveralWaits_IsTheLongest()
    {
        var eta = EtaEstimate.Of(Now, [WaitCause.TenantQuota(Now.AddMinutes(5)), WaitCause.Backoff(Now.AddMinutes(140), "450 4.2.1", TimeSpan.FromMinutes(1)),
            WaitCause.SendAt(Now.AddDays(-1))], null, Expiry);

        Assert.Equal("backoff after 450 4.2.1 until 14:20", eta.Reason);
        Assert.Equal(Now.AddMinutes(140), eta.Earliest);
        Assert.InRange(eta.Latest!.Value, Now.AddMinutes(141), Now.AddMinutes(142));
    }

    [Fact]
    public void Of_AnotherDay_SaysTheDay() =>
        Assert.Equal("window opens 2030-01-02 08:00", EtaEstimate.Of(Now, [WaitCause.WindowOpens(Now.AddHours(20))], null, Expiry).Reason);

    [Fact]
    public void Of_AnEndlessSuspension_HasNoLatest()
    {
        var eta = EtaEstimate.Of(Now, [WaitCause.CampaignSuspended(DateTimeOffset.MaxValue)], null, Expiry);
        Assert.Null(eta.Latest);
        Assert.Equal("campaign suspended, until it is resumed", eta.Reason);
    }

    [Fact]
    public void Of_AWaitBeyondExpiry_SaysSo()
    {
        var eta = EtaEstimate.Of(Now, [WaitCause.SiteSuspended(Now.AddDays(6), "gmail.com", "[TSS04]")], null, Expiry);
        Assert.Equal((Expiry, (DateTimeOffset?)Expiry), (eta.Earliest, eta.Latest));
        Assert.Contains("expires 2030-01-06 12:00 before its next attempt: site gmail.com suspended for [TSS04] until 2030-01-07 12:00", eta.Reason);
    }

    [Fact]
    public void Of_AnUnknownPace_HasNoLatestUnlessItIsNext()
    {
        Assert.Null(EtaEstimate.Of(Now, [], new QueuePlace("s", 5, 10, 0), Expiry).Latest);
        Assert.NotNull(EtaEstimate.Of(Now, [], new QueuePlace("s", 0, 10, 0), Expiry).Latest);
        Assert.Equal("due now", EtaEstimate.Of(Now, [], null, Expiry).Reason);
    }

    [Fact]
    public void Of_APlaceWithALimit_SaysBoth()
    {
        var place = new QueuePlace("mx.test", 2, 12, 2, QueuePlace.SiteSessions("mx.test", 5));
        Assert.Equal("position 3 of 12 at mx.test, 2/s; site mx.test: 5 sessions in use", EtaEstimate.Of(Now, [], place, Expiry).Reason);
        Assert.Equal("provider google: 1 session in use", QueuePlace.ProviderSessions("google", 1));
    }

    [Fact]
    public void Of_ARateThatTheSiteDoesNotReach_HasTheLaterEnd()
    {
        var place = new QueuePlace("mx.test", 60, 100, 1);
        var rate = EtaEstimate.Of(Now, [WaitCause.SiteRate(Now.AddSeconds(6), "mx.test", "10/1s", TimeSpan.FromSeconds(6))], place, Expiry);
        Assert.Equal("site mx.test: rate 10/1s until 12:00", rate.Reason);
        Assert.Equal(Now.AddSeconds(6), rate.Earliest);
        Assert.Equal(Now.AddSeconds(120), rate.Latest);
    }
}
