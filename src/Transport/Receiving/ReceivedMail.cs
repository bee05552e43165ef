using System.Collections.Immutable;

namespace Orleans.Mail.Transport.Receiving;

/// <summary>A mail as it was received.</summary>
/// <param name="From">Reverse path; empty for the null sender.</param>
/// <param name="Recipients">Forward paths that were accepted.</param>
/// <param name="Content">The octets between DATA and the end of data, stuffed dots taken off.</param>
/// <param name="At">When the end of data came.</param>
public sealed record ReceivedMail(string From, ImmutableArray<string> Recipients, ReadOnlyMemory<byte> Content, DateTimeOffset At);
