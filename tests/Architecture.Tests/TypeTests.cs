using System.Xml.Linq;

namespace Orleans.Mail.Architecture.Tests;

/// <summary>What types look like.</summary>
public sealed class TypeTests
{
    static readonly string[] BannedSuffixes = ["Manager", "Helper", "Helpers", "Util", "Utils", "Utility", "Common", "Base", "Impl", "Processor"];

    [Fact]
    public void Classes_are_sealed_unless_something_derives_from_them()
    {
        var types = Repository.AllOwnTypes().ToList();
        var parents = types.Select(type => type.BaseType).OfType<Type>().ToHashSet();
        // An exception may be derived from by whoever throws it; a test host by whoever extends it.
        Repository.AssertNone(types
            .Where(type => type.IsClass && !type.IsSealed && !type.IsAbstract && !parents.Contains(type) && !typeof(Exception).IsAssignableFrom(type))
            .Where(type => type.Name != "Program")
            .Select(type => type.FullName));
    }

    [Fact]
    public void No_type_has_a_name_that_says_nothing() =>
        Repository.AssertNone(Repository.AllOwnTypes().Where(type => Array.Exists(BannedSuffixes, suffix => type.Name.EndsWith(suffix, StringComparison.Ordinal))).Select(type => type.FullName));

    [Fact]
    public void Options_say_what_each_setting_means()
    {
        var missing = new List<string>();
        var count = 0;
        foreach (var project in Repository.Projects)
        {
            var documented = XDocument.Load(Path.ChangeExtension(Repository.AssemblyFileOf(project), ".xml")).Descendants("member")
                .Where(member => member.Element("summary") is not null)
                .Select(member => member.Attribute("name")!.Value)
                .ToHashSet();
            foreach (var type in Repository.OwnTypes(project).Where(type => type.IsPublic && type.Name.EndsWith("Options", StringComparison.Ordinal)))
            {
                count++;
                if (!documented.Contains($"T:{type.FullName}")) missing.Add(type.FullName!);
                missing.AddRange(type.GetProperties()
                    .Where(property => property is { CanWrite: true, GetMethod.IsStatic: false } && property.DeclaringType == type)
                    .Where(property => !documented.Contains($"P:{type.FullName}.{property.Name}"))
                    .Select(property => $"{type.FullName}.{property.Name}"));
            }
        }

        Assert.True(count > 3, "Too few options types were found for this test to mean anything.");
        Repository.AssertNone(missing);
    }
}
