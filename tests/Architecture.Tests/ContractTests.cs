using System.Reflection;
using System.Xml.Linq;

namespace Orleans.Mail.Architecture.Tests;

/// <summary>What travels between versions has names of its own, so that code can be renamed and old messages still be read.</summary>
public sealed class ContractTests
{
    static readonly Type[] Grains = [.. Repository.AllOwnTypes().Where(type => type.IsInterface && typeof(IGrain).IsAssignableFrom(type))];
    static readonly Type[] Records = [.. Repository.AllOwnTypes().Where(type => type.IsDefined(typeof(GenerateSerializerAttribute), false))];

    [Fact]
    public void There_are_contracts_to_check()
    {
        Assert.NotEmpty(Grains);
        Assert.NotEmpty(Records);
    }

    [Fact]
    public void Every_grain_interface_and_method_has_an_alias()
    {
        var members = Grains.Cast<MemberInfo>().Concat(Grains.SelectMany(grain => grain.GetMethods()));
        Repository.AssertNone(members.Where(member => !member.IsDefined(typeof(AliasAttribute), false)).Select(Name));
    }

    [Fact]
    public void Every_serialized_type_has_an_alias() =>
        Repository.AssertNone(Records.Where(type => !type.IsDefined(typeof(AliasAttribute), false)).Select(Name));

    [Fact]
    public void No_alias_is_used_twice()
    {
        var aliases = Grains.Concat(Records).Select(type => type.GetCustomAttribute<AliasAttribute>(false)?.Alias).OfType<string>();
        Repository.AssertNone(aliases.GroupBy(alias => alias).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    [Fact]
    public void Ids_of_members_count_from_0_without_gaps() =>
        Repository.AssertNone(Records.Where(type => !type.IsEnum && !IsContiguous(type)).Select(Name));

    [Fact]
    public void Values_of_serialized_enums_are_written_down()
    {
        var sources = Repository.SourceFiles("src").Select(File.ReadAllText).ToList();
        foreach (var type in Records.Where(type => type.IsEnum))
        {
            var source = sources.Single(text => text.Contains($"enum {type.Name} ", StringComparison.Ordinal) || text.Contains($"enum {type.Name}\n", StringComparison.Ordinal));
            foreach (var name in Enum.GetNames(type))
                Assert.True(source.Contains($"    {name} = ", StringComparison.Ordinal), $"{type.Name}.{name} has no number of its own.");
        }
    }

    [Fact]
    public void Projects_that_track_contracts_have_their_manifest()
    {
        var tracked = Directory.EnumerateFiles(Repository.PathOf("src"), "*.csproj", SearchOption.AllDirectories)
            .Where(file => XDocument.Load(file).Descendants("EnableOrleansContractsAnalyzer").Any(element => element.Value == "true"))
            .ToList();
        Assert.Contains(tracked, file => file.EndsWith("Abstractions.csproj", StringComparison.Ordinal));
        Repository.AssertNone(tracked.Where(file => !File.Exists(Path.Combine(Path.GetDirectoryName(file)!, "OrleansContracts.txt"))).Select(Repository.Relative));
    }

    static bool IsContiguous(Type type)
    {
        const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var ids = type.GetMembers(Own).Select(member => member.GetCustomAttribute<IdAttribute>()?.Id).OfType<uint>().Order();
        return ids.SequenceEqual(Enumerable.Range(0, ids.Count()).Select(id => (uint)id));
    }

    static string Name(MemberInfo member) => member is Type type ? type.FullName! : $"{member.DeclaringType!.FullName}.{member.Name}";
}
