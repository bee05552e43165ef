using System.Net;
using System.Text;

namespace Orleans.Mail.Support;

/// <summary>A signed zone served by NSD, behind an Unbound that validates it, both on loopback. Also serves one unsigned zone, so that both kinds of answer are at hand.</summary>
public sealed class SignedZone : IAsyncDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    readonly string _folder;
    readonly List<Daemon> _daemons = [];

    SignedZone(string folder) => _folder = folder;

    /// <summary>The resolver that validates.</summary>
    public IPEndPoint Resolver { get; private set; } = new(IPAddress.Loopback, 0);

    /// <summary>Serves <c>mail.test</c>, signed, and <c>plain.test</c>, which is not.</summary>
    /// <param name="mailZone">Records of <c>mail.test</c>, with relative names.</param>
    /// <param name="plainZone">Records of <c>plain.test</c>.</param>
    /// <param name="tamper">Changes the signed zone's text after signing, so that part of it is bogus.</param>
    public static async Task<SignedZone> StartAsync(string mailZone, string plainZone, Func<string, string>? tamper = null)
    {
        string nsd = Peer.Require("nsd"), unbound = Peer.Require("unbound"), keygen = Peer.Require("ldns-keygen"), sign = Peer.Require("ldns-signzone");
        var zone = new SignedZone(Directory.CreateTempSubdirectory("signed-zone-").FullName);
        try
        {
            zone.Write("mail.test", Soa("mail.test") + mailZone);
            zone.Write("plain.test", Soa("plain.test") + plainZone);
            await zone.RunAsync(keygen, "-a", "ECDSAP256SHA256", "-k", "mail.test");
            var keyOfKeys = zone.KeyFiles().Single();
            await zone.RunAsync(keygen, "-a", "ECDSAP256SHA256", "mail.test");
            await zone.RunAsync(sign, ["-n", "mail.test", .. zone.KeyFiles().OrderByDescending(key => key == keyOfKeys)]);
            if (tamper is not null) zone.Write("mail.test.signed", tamper(File.ReadAllText(zone.PathOf("mail.test.signed"))));
            var ports = FreePort.Next(2);
            zone.Write("nsd.conf", NsdConfiguration(zone._folder, ports[0]));
            zone.Write("unbound.conf", UnboundConfiguration(zone._folder, ports[1], ports[0], Path.GetFileName(keyOfKeys)));
            zone._daemons.Add(new Daemon(nsd, ["-d", "-c", zone.PathOf("nsd.conf")]));
            await FreePort.WaitForListenerAsync(ports[0], Limit);
            zone._daemons.Add(new Daemon(unbound, ["-d", "-p", "-c", zone.PathOf("unbound.conf")]));
            await FreePort.WaitForListenerAsync(ports[1], Limit);
            zone.Resolver = new IPEndPoint(IPAddress.Loopback, ports[1]);
            return zone;
        }
        catch
        {
            await zone.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Asked first, since NSD's children would outlive a parent that is killed.
        foreach (var daemon in _daemons)
        {
            if (!daemon.HasExited) await daemon.StopAsync(Limit);
            await daemon.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    string[] KeyFiles() => [.. Directory.GetFiles(_folder, "K*.key").Select(file => Path.GetFileNameWithoutExtension(file))];

    Task RunAsync(string program, params string[] arguments) => Tool.RunAsync(program, arguments, _folder, Limit);

    string PathOf(string file) => Path.Combine(_folder, file);

    void Write(string file, string text) => File.WriteAllText(PathOf(file), text, new UTF8Encoding(false));

    static string Soa(string zone) => $"$ORIGIN {zone}.\n$TTL 300\n@ IN SOA ns hostmaster 1 3600 600 86400 300\n@ IN NS ns\nns IN A 127.0.0.1\n";

    static string NsdConfiguration(string folder, int port) => $"""
        server:
          ip-address: 127.0.0.1@{port}
          server-count: 1
          username: ""
          database: ""
          zonesdir: "{folder}"
          zonelistfile: "{folder}/zone.list"
          xfrdfile: "{folder}/xfrd.state"
          pidfile: "{folder}/nsd.pid"
          xfrdir: "{folder}"
        remote-control:
          control-enable: no
        zone:
          name: mail.test
          zonefile: mail.test.signed
        zone:
          name: plain.test
          zonefile: plain.test

        """;

    static string UnboundConfiguration(string folder, int port, int server, string keyOfKeys) => $"""
        server:
          interface: 127.0.0.1@{port}
          username: ""
          chroot: ""
          directory: "{folder}"
          pidfile: ""
          use-syslog: no
          do-ip6: no
          num-threads: 1
          do-not-query-localhost: no
          local-zone: "test." nodefault
          trust-anchor-file: "{folder}/{keyOfKeys}.ds"
          module-config: "validator iterator"
        remote-control:
          control-enable: no
        stub-zone:
          name: mail.test
          stub-addr: 127.0.0.1@{server}
        stub-zone:
          name: plain.test
          stub-addr: 127.0.0.1@{server}

        """;

    sealed class Daemon(string program, IEnumerable<string> arguments) : ChildProcess(program, arguments);
}
