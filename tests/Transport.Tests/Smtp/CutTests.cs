using System.Net;
using Orleans.Mail.Support;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Smtp;

/// <summary>The dialogue cut at each of its octets, in each direction and in each way (reliability SD1).</summary>
public sealed class CutTests
{
    // More than either side says in the dialogue below.
    const int MostOctets = 320;

    public static TheoryData<bool, FlowEnd> Ways => new(
        from isFromServer in (bool[])[true, false]
        from end in (FlowEnd[])[FlowEnd.Close, FlowEnd.Reset, FlowEnd.HalfClose]
        select (isFromServer, end));

    // Hundreds of dialogues, one for each octet: more than one takes, on a machine that does other things.
    [Theory(Timeout = 4 * Given.Limit)]
    [MemberData(nameof(Ways))]
    public async Task Only_a_whole_reply_to_the_end_of_data_is_a_delivery_and_what_arrived_without_one_is_in_doubt(bool isFromServer, FlowEnd end)
    {
        var (delivered, inDoubt) = (0, 0);
        for (var octets = 0; octets < MostOctets; octets++)
        {
            var flow = new FlowFaults { EndAfter = octets, End = end };
            var (isDelivered, isInDoubt, copies) = await SendAsync(isFromServer ? new LinkFaults { FromServer = flow } : new LinkFaults { FromClient = flow });
            Assert.True(!isDelivered || (copies == 1 && !isInDoubt), $"After {octets} octets: delivered, with {copies} copies, in doubt: {isInDoubt}.");
            Assert.True(copies == 0 || isDelivered || isInDoubt, $"After {octets} octets: a copy arrived, and nobody knows.");
            if (isDelivered) delivered++;
            if (isInDoubt) inDoubt++;
        }

        // Cut behind its end, the dialogue is whole; cut before the reply to the end of data, the end is in doubt.
        Assert.True(delivered > 0 && inDoubt > 0, $"{delivered} delivered, {inDoubt} in doubt");
    }

    static async Task<(bool IsDelivered, bool IsInDoubt, int Copies)> SendAsync(LinkFaults faults)
    {
        var behavior = new RecordingBehavior();
        var transcript = (AttemptTranscript?)null;
        await using (var receiver = behavior.Start())
        await using (var proxy = FaultProxy.Start(receiver.EndPoint, _ => faults))
        {
            var target = Given.Target(new IPEndPoint(IPAddress.Loopback, proxy.EndPoint.Port), TlsMode.None);
            var result = await Given.Connector().ConnectAsync(target, TestContext.Current.CancellationToken);
            if (result.Session is { } session)
            {
                transcript = await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken);
                await session.QuitAsync();
            }
        }

        return (transcript?.EndOfDataReply is { IsPositive: true }, transcript?.IsInDoubt ?? false, behavior.Mails.Count);
    }
}
