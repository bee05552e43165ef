using Azure.Core;
using Azure.Core.Pipeline;

namespace Orleans.Mail.Storage.AzureStorage;

/// <summary>Counts what Azure bills: each request that is sent, repetitions too.</summary>
/// <param name="what">What it is about: <c>spool</c>, <c>content</c>, <c>settings</c>, <c>membership</c> or <c>reminders</c>.</param>
sealed class RequestCounting(string what) : HttpPipelineSynchronousPolicy
{
    public override void OnSendingRequest(HttpMessage message)
    {
        var request = message.Request;
        var kind = request.Uri.Path.EndsWith("$batch", StringComparison.Ordinal) ? "transaction"
            : request.Method == RequestMethod.Get || request.Method == RequestMethod.Head ? "read"
            : "write";
        StorageInstruments.AzureRequest(what, kind);
    }
}
