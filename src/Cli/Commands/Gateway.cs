using System.CommandLine.Parsing;
using System.Net;

namespace Orleans.Mail.Cli.Commands;

/// <summary>Where a silo takes clients.</summary>
static class Gateway
{
    public const string Default = "localhost:30000";
    public const string DefaultCluster = "orleans-mail";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static async Task<IMailClient> ConnectAsync(Target target, CancellationToken cancellationToken)
    {
        var gateway = target.Gateway;
        var addresses = IPAddress.TryParse(gateway.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(gateway.Host, cancellationToken);
        // A silo listens on IPv4 unless told otherwise, and a gateway that does not answer costs seconds.
        var endpoint = new IPEndPoint(addresses.OrderBy(address => address.AddressFamily is not System.Net.Sockets.AddressFamily.InterNetwork).First(), gateway.Port);
        return await MailClient.ConnectAsync(
            client =>
            {
                client.UseStaticClustering(endpoint).Configure<Configuration.ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (target.Cluster, DefaultCluster));
                if (target.Tls is { } tls) client.UseTls(connections => ClusterTls.Apply(tls, connections));
            },
            connectTimeout: Patience,
            cancellationToken: cancellationToken);
    }

    public static DnsEndPoint? Parse(ArgumentResult result)
    {
        var text = result.Tokens.Count == 0 ? Default : result.Tokens[0].Value;
        var colon = text.LastIndexOf(':');
        if (colon > 0 && ushort.TryParse(text.AsSpan(colon + 1), out var port) && port > 0) return new DnsEndPoint(text[..colon].Trim('[', ']'), port);
        result.AddError("--gateway must be host:port, such as localhost:30000.");
        return null;
    }
}
