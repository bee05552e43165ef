using System.Collections.Immutable;
using Orleans.Mail.Policy.Routing;

namespace Orleans.Mail.Policy.Shaping;

/// <summary>
/// Limits of large receivers as their senders have come to know them. None is a promise of theirs: the window and the learned rate correct what is wrong.
/// </summary>
public static class KnownProviders
{
    const string Community = "figures in use among senders, 2026";

    /// <summary>A connection to Google counts for all its sites together; Microsoft and Mimecast count by site.</summary>
    public static ImmutableArray<ProviderShape> Shapes { get; } =
    [
        Shape("google", ["google.com", "googlemail.com"], 5, 50, tls: true) with { MaxSessions = 5 },
        Shape("yahoo", ["yahoodns.net"], null, 20),
        Shape("yahoo-japan", ["yahoo.co.jp"], 2, 20, rate: RateLimit.Parse("10/1s")),
        Shape("outlook", ["olc.protection.outlook.com"], 5, 50),
        Shape("microsoft365", ["mail.protection.outlook.com", "mx.microsoft"], 5, 50),
        Shape("apple", ["icloud.com"], 10, 5),
        Shape("comcast", ["comcast.net"], 25, 1000, tls: true, idle: TimeSpan.FromSeconds(30)),
        Shape("mimecast", ["mimecast.com", "mimecast.co.za", "mimecast-offshore.com"], 10, 100),
        Shape("mail.com", ["mail.com"], null, 100),
        Shape("orange", ["orange.fr"], 2, 100, tls: true),
        Shape("gmx", ["gmx.net", "web.de"], 4, 20, tls: true),
        Shape("qq", ["qq.com"], 4, 8, tls: true),
        Shape("netease", ["netease.com"], 4, 7, tls: true),
        Shape("kpn", ["kpnmail.nl"], 10, 10, tls: true),
        Shape("barracuda", ["barracudanetworks.com"], 10, 15, tls: true),
        Shape("netvigator", ["netvigator.com"], 5, 10),
    ];

    static ProviderShape Shape(string name, ImmutableArray<string> suffixes, int? sessions, int messages, bool tls = false, RateLimit? rate = null, TimeSpan? idle = null) =>
        new(name, suffixes, new SiteLimitsOverride
        {
            MaxSessions = sessions,
            MessagesPerConnection = messages,
            Rate = rate,
            ConnectionIdle = idle,
            Tls = tls ? RouteTls.Required : null,
        }, Source: Community);
}
