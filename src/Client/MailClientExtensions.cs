using System.Runtime.CompilerServices;

namespace Orleans.Mail;

/// <summary>What follows from the five members of <see cref="IMailClient"/>.</summary>
public static class MailClientExtensions
{
    // Bounds the memory of a submission of very many drafts; the client's own byte bound works below it.
    const int MaxOpenSubmissions = 4096;

    /// <summary>A handle on a message known by its id, without asking the service.</summary>
    public static Submission Submission(this IMailClient client, MessageId id)
    {
        ArgumentNullException.ThrowIfNull(client);
        return new Submission(client, id);
    }

    /// <summary>Submits all drafts and answers in their order. Drafts travel together; the first failure is thrown after all have ended.</summary>
    public static async Task<Submission[]> SubmitManyAsync(this IMailClient client, IEnumerable<MailDraft> drafts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(drafts);
        var results = new List<Submission>();
        foreach (var chunk in drafts.Chunk(MaxOpenSubmissions))
            results.AddRange(await Task.WhenAll(chunk.Select(draft => client.SubmitAsync(draft, cancellationToken))).ConfigureAwait(false));
        return [.. results];
    }

    /// <summary>Submits drafts as they come and yields the handles in their order, so that a source without end needs no memory without end.</summary>
    public static async IAsyncEnumerable<Submission> SubmitManyAsync(
        this IMailClient client,
        IAsyncEnumerable<MailDraft> drafts,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(drafts);
        var open = new Queue<Task<Submission>>();
        await foreach (var draft in drafts.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            open.Enqueue(client.SubmitAsync(draft, cancellationToken));
            while (open.TryPeek(out var oldest) && (oldest.IsCompleted || open.Count >= MaxOpenSubmissions))
                yield return await open.Dequeue().ConfigureAwait(false);
        }

        while (open.TryDequeue(out var rest)) yield return await rest.ConfigureAwait(false);
    }

    /// <summary>The events of every message.</summary>
    public static IAsyncEnumerable<DeliveryEvent> SubscribeToAllAsync(this IMailClient client, EventPosition? from = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.SubscribeAsync(null, from, cancellationToken);
    }

    /// <summary>The events of one message; reads only the shard that holds it.</summary>
    public static IAsyncEnumerable<DeliveryEvent> SubscribeToMessageAsync(this IMailClient client, MessageId id, EventPosition? from = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.SubscribeAsync(new EventFilter { MessageId = id }, from, cancellationToken);
    }

    /// <summary>The events of one tenant's messages.</summary>
    public static IAsyncEnumerable<DeliveryEvent> SubscribeToTenantAsync(this IMailClient client, string tenant, EventPosition? from = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.SubscribeAsync(new EventFilter { Tenant = tenant }, from, cancellationToken);
    }

    /// <summary>The events of messages that carry a tag.</summary>
    public static IAsyncEnumerable<DeliveryEvent> SubscribeToTagAsync(this IMailClient client, string tag, EventPosition? from = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.SubscribeAsync(new EventFilter { Tag = tag }, from, cancellationToken);
    }
}
