using System.Reflection;
using System.Runtime.InteropServices;

namespace Orleans.Mail.Acceptance.Tests.Rig;

/// <summary>
/// What silos of a build tell each other and store, a line for each member of each serialized type, each value of an enumeration and each method of a grain: as the octets have it,
/// by alias and number, and with the name, which octets do not have. Two members of one type that changed their numbers are understood without a word, and wrongly.
/// </summary>
static class WireContracts
{
    const BindingFlags All = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    static readonly string[] Projects = ["Abstractions", "Policy", "Storage", "Grains"];

    /// <param name="folder">Where the silo's program lies.</param>
    public static IReadOnlyList<string> Of(string folder)
    {
        // Read and not loaded: it has the names of this process' own build, and Orleans looks at all that a process has loaded.
        var shared = RuntimeEnvironment.GetRuntimeDirectory().TrimEnd(Path.DirectorySeparatorChar);
        string[] folders = [folder, shared, Path.Combine(shared, "../../Microsoft.AspNetCore.App", Path.GetFileName(shared))];
        using var context = new MetadataLoadContext(new PathAssemblyResolver(folders.Where(Directory.Exists).SelectMany(place => Directory.EnumerateFiles(place, "*.dll"))));
        return [.. Projects.SelectMany(project => context.LoadFromAssemblyPath(Path.Combine(folder, $"Orleans.Mail.{project}.dll")).GetTypes()).SelectMany(Lines).Order(StringComparer.Ordinal)];
    }

    static IEnumerable<string> Lines(Type type)
    {
        if (Argument(type, "Orleans.AliasAttribute") is not string alias) return [];
        if (type.IsInterface) return type.GetMethods().Where(method => Argument(method, "Orleans.AliasAttribute") is not null).Select(method => $"{alias}.{Argument(method, "Orleans.AliasAttribute")}({Parameters(method)}) {Name(method.ReturnType)}");
        if (type.IsEnum) return type.GetFields(BindingFlags.Static | BindingFlags.Public).Select(value => $"{alias} {value.GetRawConstantValue()}: {value.Name}");
        return type.GetMembers(All).Where(member => Argument(member, "Orleans.IdAttribute") is not null).Select(member => $"{alias} {Argument(member, "Orleans.IdAttribute")}: {member.Name} {Name(TypeOf(member))}");
    }

    static string Parameters(MethodInfo method) => string.Join(", ", method.GetParameters().Select(parameter => Name(parameter.ParameterType)));

    static Type TypeOf(MemberInfo member) => member is PropertyInfo property ? property.PropertyType : ((FieldInfo)member).FieldType;

    static string Name(Type type)
    {
        if (type.IsArray) return Name(type.GetElementType()!) + "[]";
        if (!type.IsGenericType) return Argument(type, "Orleans.AliasAttribute") as string ?? type.FullName ?? type.Name;
        return $"{type.GetGenericTypeDefinition().FullName}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>";
    }

    // By name: what is read and not loaded is of another type.
    static object? Argument(MemberInfo member, string attribute) =>
        member.GetCustomAttributesData().FirstOrDefault(data => data.AttributeType.FullName == attribute) is { ConstructorArguments: [var first, ..] } ? first.Value : null;
}
