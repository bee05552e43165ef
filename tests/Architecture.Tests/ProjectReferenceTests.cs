using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace Orleans.Mail.Architecture.Tests;

/// <summary>Who may know whom.</summary>
public sealed class ProjectReferenceTests
{
    // The arrows of ARCHITECTURE.md. What is not here may not be.
    static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Abstractions"] = [],
        ["Client"] = ["Abstractions"],
        ["Policy"] = ["Abstractions"],
        ["Transport"] = ["Abstractions"],
        ["Storage"] = ["Abstractions"],
        ["Grains"] = ["Abstractions", "Policy", "Transport", "Storage"],
        ["Silo"] = ["Abstractions", "Client", "Grains"],
        ["Api"] = ["Client", "Storage"],
        ["Cli"] = ["Abstractions", "Client", "Silo"],
        ["Testing"] = ["Abstractions", "Client", "Grains", "Silo"],
    };

    public static TheoryData<string> Projects => [.. Directory.EnumerateFiles(Repository.PathOf("src"), "*.csproj", SearchOption.AllDirectories).Select(file => Path.GetFileNameWithoutExtension(file)!)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_references_only_what_it_may_know(string project)
    {
        Assert.True(Allowed.ContainsKey(project), $"{project} has no place in the picture yet: add it to ARCHITECTURE.md and here.");
        var references = XDocument.Load(Repository.PathOf("src", project, project + ".csproj")).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));
        Repository.AssertNone(references.Except(Allowed[project]));
    }

    [Theory]
    [InlineData("Abstractions", "Orleans.Core.Abstractions|Orleans.Serialization|Orleans.Serialization.Abstractions|Orleans.CodeGenerator|Microsoft.Extensions.DependencyInjection.Abstractions")]
    [InlineData("Policy", "Orleans.Mail.Abstractions|Orleans.Core.Abstractions|Orleans.Serialization|Orleans.Serialization.Abstractions|Microsoft.Extensions.DependencyInjection.Abstractions")]
    public void Contracts_and_decisions_depend_on_nothing_but_the_runtime_and_serialization(string project, string allowed) =>
        Repository.AssertNone(References(project).Where(name => !name.StartsWith("System.", StringComparison.Ordinal) && name is not ("netstandard" or "mscorlib")).Except(allowed.Split('|')));

    [Fact]
    public void Transport_knows_no_Orleans() =>
        Assert.DoesNotContain(References("Transport"), name => name.StartsWith("Orleans.", StringComparison.Ordinal) && !name.StartsWith("Orleans.Mail.", StringComparison.Ordinal)
            // The attributes of the contracts it transcribes into.
            && name is not ("Orleans.Serialization" or "Orleans.Serialization.Abstractions" or "Orleans.Core.Abstractions"));

    [Fact]
    public void Grains_speak_no_SMTP_and_no_storage_format() =>
        Assert.DoesNotContain(References("Grains"), name => name.StartsWith("MailKit", StringComparison.Ordinal)
            || name.StartsWith("DnsClient", StringComparison.Ordinal)
            || name.StartsWith("Microsoft.Data.Sqlite", StringComparison.Ordinal)
            || name.StartsWith("Azure.", StringComparison.Ordinal));

    static IEnumerable<string> References(string project) => Repository.AssemblyOf(project).GetReferencedAssemblies().Select(name => name.Name!);
}

/// <summary>Policy decides and does nothing else: no clock, no chance, no waiting, no reaching out.</summary>
public sealed class PolicyPurityTests
{
    static readonly string[] BannedTypes =
    [
        "System.Threading.Tasks.Task", "System.Threading.Tasks.Task`1", "System.Threading.Thread", "System.Threading.Timer", "System.TimeProvider",
        "System.Random", "System.Diagnostics.Stopwatch", "System.IO.File", "System.IO.Directory", "System.IO.FileStream", "System.Net.Sockets.Socket",
        "System.Net.Sockets.TcpClient", "System.Net.Dns", "System.Net.Http.HttpClient", "System.Console", "System.Security.Cryptography.RandomNumberGenerator",
        "Orleans.Grain", "Orleans.IGrain", "Orleans.IGrainFactory",
    ];

    static readonly string[] BannedMembers =
    [
        "DateTime.get_Now", "DateTime.get_UtcNow", "DateTime.get_Today", "DateTimeOffset.get_Now", "DateTimeOffset.get_UtcNow", "Guid.NewGuid",
        "Guid.CreateVersion7", "Environment.get_TickCount", "Environment.get_TickCount64", "MessageId.New",
    ];

    [Fact]
    public void Assembly_names_no_impure_type() =>
        WithMetadata(metadata => Repository.AssertNone(metadata.TypeReferences
            .Select(metadata.GetTypeReference)
            .Select(type => $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}")
            .Intersect(BannedTypes)));

    [Fact]
    public void Assembly_calls_no_impure_member() =>
        WithMetadata(metadata => Repository.AssertNone(metadata.MemberReferences
            .Select(metadata.GetMemberReference)
            .Where(member => member.Parent.Kind == HandleKind.TypeReference)
            .Select(member => $"{metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)member.Parent).Name)}.{metadata.GetString(member.Name)}")
            .Intersect(BannedMembers)));

    [Fact]
    public void Build_refuses_impure_calls() =>
        Assert.Contains("RS0030", File.ReadAllText(Repository.PathOf("src", "Policy", "Policy.csproj")), StringComparison.Ordinal);

    static void WithMetadata(Action<MetadataReader> check)
    {
        using var file = new PEReader(File.OpenRead(Repository.AssemblyFileOf("Policy")));
        check(file.GetMetadataReader());
    }
}
