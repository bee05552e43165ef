using System.Net;
using System.Net.Sockets;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

/// <summary>What happens to a request on its way.</summary>
enum TableFault
{
    None,

    /// <summary>The service is not reached; nothing is sent.</summary>
    Unreachable,

    /// <summary>The service does what it was asked, and its answer is lost.</summary>
    LostAnswer,

    /// <summary>The service says that it is busy.</summary>
    Busy,

    /// <summary>The service never answers.</summary>
    Silent,

    /// <summary>The service lets nobody in for a while.</summary>
    Throttled,

    /// <summary>The service does not take what it was sent.</summary>
    Refused,

    /// <summary>The service does what it was asked, and says that it failed.</summary>
    Failed,

    /// <summary>The connection breaks while it is made, and HTTP says so in the words of the socket.</summary>
    Broken,
}

/// <summary>Breaks requests of a table client below all of its own machinery: each try is a request.</summary>
sealed class TableFaults() : DelegatingHandler(new SocketsHttpHandler())
{
    int requests;

    /// <summary>The fate of each request, told its number from 1. Null: all is well.</summary>
    public Func<int, HttpRequestMessage, TableFault>? Plan { get; private set; }

    /// <summary>Runs before a request that has no fault is sent.</summary>
    public Func<HttpRequestMessage, Task>? Before { get; set; }

    /// <summary>Runs once, after a request was broken and before anybody learns of it.</summary>
    public Func<Task>? AfterFault { get; set; }

    /// <summary>What whoever is throttled is asked to wait; none where it is 0.</summary>
    public int RetryAfterSeconds { get; set; }

    public int Requests => Volatile.Read(ref requests);

    public void Reset(Func<int, HttpRequestMessage, TableFault>? plan)
    {
        Volatile.Write(ref requests, 0);
        Plan = plan;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var fault = Plan?.Invoke(Interlocked.Increment(ref requests), request) ?? TableFault.None;
        if (fault == TableFault.None)
        {
            if (Before is { } before) await before(request);
            return await base.SendAsync(request, cancellationToken);
        }

        if (fault is TableFault.LostAnswer or TableFault.Failed) (await base.SendAsync(request, cancellationToken)).Dispose();
        if (AfterFault is { } after)
        {
            AfterFault = null;
            await after();
        }

        if (fault == TableFault.Silent) await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        return fault switch
        {
            TableFault.Busy => Answer(request, HttpStatusCode.ServiceUnavailable),
            TableFault.Throttled => Answer(request, HttpStatusCode.TooManyRequests),
            TableFault.Refused => Answer(request, HttpStatusCode.BadRequest),
            TableFault.Failed => Answer(request, HttpStatusCode.InternalServerError),
            TableFault.Broken => throw new SocketException((int)SocketError.NotConnected),
            _ => throw new HttpRequestException(HttpRequestError.ConnectionError, "The connection broke."),
        };
    }

    HttpResponseMessage Answer(HttpRequestMessage request, HttpStatusCode status)
    {
        var answer = new HttpResponseMessage(status) { RequestMessage = request, Content = new ByteArrayContent([]) };
        if (RetryAfterSeconds > 0) answer.Headers.Add("Retry-After", $"{RetryAfterSeconds}");
        return answer;
    }
}
