using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orleans.Mail.Benchmarks.Load;
using Orleans.Mail.Benchmarks.Peers;
using Orleans.Mail.Support;
using Orleans.Mail.Transport.Receiving;

namespace Orleans.Mail.Benchmarks.Verbs;

/// <summary>
/// <c>throughput --dkim rsa|ed25519</c>, <c>throughput --tls on</c>: the same service plain, and with signatures or with STARTTLS, in turns. The receiver is
/// this process, since <c>smtp-sink</c> knows no TLS: only the two figures of one run compare.
/// </summary>
static class SecuredThroughput
{
    public static async Task RunAsync(Workload work, int rounds, int concurrent, string? dkim, bool tls)
    {
        var folder = Directory.CreateTempSubdirectory("mail-bench-");
        try
        {
            await using var plain = await Side.StartAsync(folder.CreateSubdirectory("plain").FullName, work, concurrent, null, false);
            await using var secured = await Side.StartAsync(folder.CreateSubdirectory("secured").FullName, work, concurrent, dkim, tls);
            var warmUp = work with { Messages = Math.Max(200, work.Messages / 4) };
            await plain.RunAsync(warmUp);
            await secured.RunAsync(warmUp);
            List<RunResult> without = [], with = [];
            for (var round = 0; round < rounds; round++)
            {
                without.Add(await plain.RunAsync(work));
                with.Add(await secured.RunAsync(work));
            }

            var (plainRate, rate) = (Figures.Median(without.Select(run => run.Rate)), Figures.Median(with.Select(run => run.Rate)));
            var (plainCpu, cpu) = (Figures.Median(without.Select(run => run.CpuMicrosecondsPerMessage)), Figures.Median(with.Select(run => run.CpuMicrosecondsPerMessage)));
            Report.Row("plain", plainRate, "msg/s");
            Report.Row("CPU of the silo, plain", plainCpu, "us/msg");
            Report.Row($"with{(dkim is null ? "" : $" DKIM {dkim}")}{(tls ? " TLS" : "")}", rate, "msg/s");
            Report.Row("CPU of the silo", cpu, "us/msg");
            Report.Json(("rate", rate), ("plainRate", plainRate), ("ofPlain", rate / plainRate), ("cpuMicrosecondsPerMessage", cpu), ("plainCpuMicrosecondsPerMessage", plainCpu));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>One silo with its client and its receiver.</summary>
    sealed class Side : IAsyncDisposable
    {
        readonly CountingReceiver _counter = new();
        SmtpReceiver _receiver = null!;
        SiloProcess _silo = null!;
        LoadClient _client = null!;

        public static async Task<Side> StartAsync(string folder, Workload work, int concurrent, string? dkim, bool tls)
        {
            var side = new Side();
            side._receiver = SmtpReceiver.Start(new ReceiverOptions { Certificate = tls ? Certificate() : null }, side._counter, TimeProvider.System);
            var settings = new SiloSettings { Folder = folder }.With(
                ("OrleansMail:Delivery:Mode", "Live"),
                ("OrleansMail:Routing:Relays:sink:Host", "127.0.0.1"),
                ("OrleansMail:Routing:Relays:sink:Port", $"{side._receiver.EndPoint.Port}"),
                ("OrleansMail:Routing:Relays:sink:Tls", tls ? "Required" : "None"),
                ("OrleansMail:Routing:Rules:0:Route", "sink"));
            if (dkim is not null)
            {
                var key = Path.Combine(folder, "key.pem");
                await File.WriteAllTextAsync(key, Key(dkim));
                settings = settings.With(
                    ("OrleansMail:Dkim:Signings:0:Domain", "sender.test"),
                    ("OrleansMail:Dkim:Signings:0:Selector", "bench"),
                    ("OrleansMail:Dkim:Signings:0:KeyFile", key),
                    ("OrleansMail:Dkim:RequiredDomains:0", "*"));
            }

            side._silo = await SiloProcess.StartReadyAsync(settings);
            side._client = await LoadClient.StartAsync(side._silo, work.MessageBytes, work.Domains, concurrent);
            return side;
        }

        public async Task<RunResult> RunAsync(Workload work)
        {
            var arrived = _counter.WaitForAsync(work.Messages);
            var cpu = ProcessUse.Cpu(_silo.ProcessId);
            var answer = await _client.AskAsync(new LoadRequest("submit", work.Messages));
            if (answer.Refused > 0) throw new InvalidOperationException($"{answer.Refused} submissions failed.{Environment.NewLine}{_silo.Output}");
            await arrived.WaitAsync(TimeSpan.FromMinutes(2), TimeProvider.System);
            var wall = Stopwatch.GetElapsedTime(answer.FirstSubmit);
            // The last commits, and what the reminders and the log still owe.
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
            return new RunResult(work.Messages, wall, ProcessUse.Cpu(_silo.ProcessId) - cpu);
        }

        public async ValueTask DisposeAsync()
        {
            await _client.DisposeAsync();
            await _silo.DisposeAsync();
            await _receiver.DisposeAsync();
        }

        static string Key(string kind)
        {
            if (kind == "rsa")
            {
                using var rsa = RSA.Create(2048);
                return rsa.ExportPkcs8PrivateKeyPem();
            }

            // RFC 8410 §7: 32 octets of seed behind a fixed head.
            byte[] head = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
            return PemEncoding.WriteString("PRIVATE KEY", [.. head, .. RandomNumberGenerator.GetBytes(32)]);
        }

        static X509Certificate2 Certificate()
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
            var now = TimeProvider.System.GetUtcNow();
            return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        }
    }

    sealed class CountingReceiver : IReceiverBehavior
    {
        readonly Lock _lock = new();
        long _arrived, _wanted = long.MaxValue;
        TaskCompletionSource _done = new();

        public Task WaitForAsync(int more)
        {
            lock (_lock)
            {
                _wanted = _arrived + more;
                _done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return _done.Task;
            }
        }

        public ReceiverReply OnEndOfData(ReceiverContext context, ReceivedMail mail)
        {
            lock (_lock)
                if (++_arrived >= _wanted)
                    _done.TrySetResult();
            return ReceiverReply.Ok;
        }
    }
}
