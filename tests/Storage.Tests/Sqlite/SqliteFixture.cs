using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Mail.Storage.Sqlite;
using Orleans.Serialization;

namespace Orleans.Mail.Storage.Tests.Sqlite;

/// <summary>A spool in a folder of its own, which is removed at the end of the process.</summary>
sealed class SqliteFixture
{
    static readonly ServiceProvider Services = new ServiceCollection().AddSerializer().BuildServiceProvider();

    const string MemoryFolder = "/dev/shm";

    static readonly string Root = Directory.CreateTempSubdirectory("orleans-mail-storage-").FullName;

    static int folders;

    static SqliteFixture() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Root, recursive: true);

    /// <summary>In memory where the machine has such a folder: for tests that open many spools and prove nothing about a disk.</summary>
    public static SqliteFixture InMemory() => Directory.Exists(MemoryFolder)
        ? new SqliteFixture { Folder = Path.Combine(MemoryFolder, "orleans-mail-storage-" + Path.GetRandomFileName()) }
        : new SqliteFixture();

    public string Folder { get; init; } = Path.Combine(Root, Interlocked.Increment(ref folders).ToString(System.Globalization.CultureInfo.InvariantCulture));

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    public SqliteSpool? Spool { get; private set; }

    public string DatabasePath => Path.Combine(Folder, "spool.db");

    public IEnumerable<string> Segments => Directory.EnumerateFiles(Path.Combine(Folder, "content"), "*.seg").Order(StringComparer.Ordinal);

    public static Serializer<DeliveryEvent[]> Serializer => Services.GetRequiredService<Serializer<DeliveryEvent[]>>();

    public SqliteSpool Open(Action<SqliteSpoolOptions>? configure = null, IReadOnlyList<string>? steps = null)
    {
        var options = new SqliteSpoolOptions { Folder = Folder };
        configure?.Invoke(options);
        return Spool = steps is null
            ? new SqliteSpool(options, Serializer, Clock, NullLogger<SqliteSpool>.Instance)
            : new SqliteSpool(options, Serializer, Clock, NullLogger<SqliteSpool>.Instance, steps);
    }

    /// <summary>Closes the spool and takes its folder away, for tests that use many.</summary>
    public async ValueTask RemoveAsync()
    {
        await CloseAsync();
        Directory.Delete(Folder, recursive: true);
    }

    public async ValueTask CloseAsync()
    {
        if (Spool is not null) await Spool.DisposeAsync();
        Spool = null;
    }
}
