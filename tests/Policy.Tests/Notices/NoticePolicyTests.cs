using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Notices;

namespace Orleans.Mail.Policy.Tests.Notices;

public sealed class NoticePolicyTests
{
    static readonly MessageState Failed = Late.With(Late.Recipient("ann@a.example", Fate.Bounced, null), Late.Recipient("bob@b.example", Fate.Deferred, null), Late.Recipient("eve@e.example", Fate.Expired, null));
    static readonly DateTimeOffset Soon = Late.Accepted.AddHours(1);
    static readonly DateTimeOffset Later = Late.Accepted.AddHours(4);

    [Fact]
    public void Owed_FailedRecipients_AreToldOfTogetherAndOnce()
    {
        var owed = NoticePolicy.Owed(Failed, Late.Settings, Soon)!;
        Assert.Equal(NoticeKinds.Failure, owed.Kind);
        Assert.Equal([0, 2], owed.Recipients);

        var told = NoticePolicy.Made(Failed, owed);
        Assert.Null(NoticePolicy.Owed(told, Late.Settings, Soon));

        var bobToo = told with { Recipients = told.Recipients.SetItem(1, told.Recipients[1] with { Fate = Fate.Bounced }) };
        Assert.Equal([1], NoticePolicy.Owed(bobToo, Late.Settings, Soon)!.Recipients);
    }

    [Theory]
    [InlineData(Fate.Cancelled)]
    [InlineData(Fate.Suppressed)]
    [InlineData(Fate.Delivered)]
    [InlineData(Fate.Uncertain)]
    [InlineData(Fate.Pending)]
    public void Owed_OtherFates_AreNotToldOf(Fate fate) =>
        Assert.Null(NoticePolicy.Owed(Late.With(Late.Recipient("ann@a.example", fate, null)), Late.Settings, Soon));

    [Fact]
    public void Owed_NullSenderOrNotWanted_IsNothing()
    {
        Assert.Null(NoticePolicy.Owed(Failed with { From = "" }, Late.Settings, Later));
        Assert.Null(NoticePolicy.Owed(Failed with { Notices = NoticeKinds.None }, Late.Settings, Later));
        Assert.Null(NoticePolicy.Owed(Failed with { Notices = NoticeKinds.Delay }, Late.Settings, Soon));
    }

    [Theory]
    [InlineData(DsnNotify.Never, false)]
    [InlineData(DsnNotify.Success, false)]
    [InlineData(DsnNotify.Delay, false)]
    [InlineData(DsnNotify.Failure, true)]
    [InlineData(DsnNotify.Failure | DsnNotify.Success, true)]
    public void Owed_Notify_Binds(DsnNotify notify, bool isOwed) =>
        Assert.Equal(isOwed, NoticePolicy.Owed(Failed with { Dsn = new(notify) }, Late.Settings, Soon) is not null);

    [Fact]
    public void Owed_MessageThatIsLate_IsToldOnceAfterItsTime()
    {
        Assert.Equal(Later, NoticePolicy.DelayDue(Late.Message, Late.Settings));
        Assert.Null(NoticePolicy.Owed(Late.Message, Late.Settings, Later.AddTicks(-1)));
        var owed = NoticePolicy.Owed(Late.Message, Late.Settings, Later)!;
        Assert.Equal(NoticeKinds.Delay, owed.Kind);
        Assert.Equal([0, 1], owed.Recipients);
        var told = NoticePolicy.Made(Late.Message, owed);
        Assert.Null(NoticePolicy.Owed(told, Late.Settings, Later.AddDays(1)));
        Assert.Null(NoticePolicy.DelayDue(told, Late.Settings));
    }

    [Fact]
    public void Owed_DelayOfWhatWasNotTriedOrIsOver_IsNothing()
    {
        Assert.Null(NoticePolicy.Owed(Late.With(Late.Recipient("ann@a.example", Fate.Pending, null) with { AttemptCount = 0 }), Late.Settings, Later));
        Assert.Null(NoticePolicy.Owed(Late.Message with { FinalAt = Soon }, Late.Settings, Later));
        Assert.Null(NoticePolicy.DelayDue(Late.Message with { ExpiresAt = Later }, Late.Settings));
        Assert.Equal(Later.AddDays(1), NoticePolicy.DelayDue(Late.Message with { SendAt = Late.Accepted.AddDays(1) }, Late.Settings));
    }
}
