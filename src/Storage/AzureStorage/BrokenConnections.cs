using System.Net.Sockets;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Orleans.Mail.Storage.AzureStorage;

/// <summary>
/// Tells a connection that breaks while it is made as what it is, a service out of reach: HTTP passes the socket's own exception on then, which no client of Azure repeats,
/// and which looks like a bug of ours.
/// </summary>
sealed class BrokenConnections : HttpPipelinePolicy
{
    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        try
        {
            ProcessNext(message, pipeline);
        }
        catch (SocketException failure)
        {
            throw OutOfReach(failure);
        }
    }

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        try
        {
            await ProcessNextAsync(message, pipeline).ConfigureAwait(false);
        }
        catch (SocketException failure)
        {
            throw OutOfReach(failure);
        }
    }

    static RequestFailedException OutOfReach(SocketException failure) => new($"The connection broke while it was made: {failure.SocketErrorCode}.", failure);
}
