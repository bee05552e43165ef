using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Orleans.Mail.Transport.Resolving;
using Orleans.Mail.Transport.Smtp.Certificates;

namespace Orleans.Mail.Transport.TlsPolicies;

/// <summary>
/// Fetches policies over HTTPS (RFC 8461 §3.3). The host is whatever a recipient's domain makes it, so: no redirect, proxy, cookie or compression,
/// no octet beyond the limit, no certificate or revocation list fetched, and no address dialled that the guard refuses.
/// </summary>
sealed class MtaStsFetcher(NameService names, IAddressGuard guard, MtaStsOptions options, X509Certificate2Collection extraRoots, TimeProvider time, int port = 443)
{
    /// <summary>The policy's text; null for anything but a whole one from the right host.</summary>
    public async Task<string?> FetchAsync(string domain)
    {
        var host = $"mta-sts.{domain}";
        using var timeout = new CancellationTokenSource(options.FetchTimeout, time);
        using var handler = NewHandler(host);
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            var address = new UriBuilder(Uri.UriSchemeHttps, host, port, "/.well-known/mta-sts.txt").Uri;
            using var response = await client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, timeout.Token).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.OK || response.Content.Headers.ContentEncoding.Count > 0) return null;
            if (!string.Equals(response.Content.Headers.ContentType?.MediaType, "text/plain", StringComparison.OrdinalIgnoreCase)) return null;
            return await ReadAsync(response.Content, timeout.Token).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Any: what a hostile host can bring about has no bound in kind, and the domain then merely has no new policy.
            return null;
        }
    }

    async Task<string?> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using var _ = stream.ConfigureAwait(false);
        var buffer = new byte[options.MaxPolicyBytes + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return length > options.MaxPolicyBytes ? null : Encoding.UTF8.GetString(buffer, 0, length);
    }

    SocketsHttpHandler NewHandler(string host) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        MaxResponseHeadersLength = 16,
        ConnectCallback = ConnectAsync,
        SslOptions = new SslClientAuthenticationOptions
        {
            TargetHost = host,
            CertificateChainPolicy = CertificateChains.NewPolicy(time.GetUtcNow()),
            RemoteCertificateValidationCallback = (_, certificate, chain, _) => IsValid(certificate as X509Certificate2, chain, host),
        },
    };

    bool IsValid(X509Certificate2? certificate, X509Chain? chain, string host) =>
        certificate is not null
        && certificate.HasOneOf([host])
        && CertificateChains.CheckAgainstRoots(certificate, chain?.ChainPolicy.ExtraStore ?? [], extraRoots, time.GetUtcNow()).Fault is null;

    async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var addresses = await names.FindAddressesAsync(context.DnsEndPoint.Host, cancellationToken).ConfigureAwait(false);
        foreach (var address in addresses.Where(guard.Allows))
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, context.DnsEndPoint.Port), cancellationToken).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException)
            {
                // The next address may do.
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw new HttpRequestException("No address of the policy host could be dialled.");
    }
}
