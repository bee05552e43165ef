using System.Collections;
using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Mail.Silo.Hosting;

namespace Orleans.Mail.Infra.Tests;

/// <summary>Every variable that the templates set means something to the program that gets it, and none is missing that it needs.</summary>
public sealed partial class SettingsTests
{
    // Of the host, and of Orleans' own section; that these arrive is shown by the rehearsal.
    static readonly string[] Foreign =
    [
        "Urls", "Logging:Console:FormatterName", "Orleans:ClusterId", "Orleans:ServiceId", "Orleans:Endpoints:AdvertisedIPAddress", "Orleans:Endpoints:SiloPort", "Orleans:Endpoints:GatewayPort",
        "Orleans:Endpoints:SiloListeningEndpoint", "Orleans:Endpoints:GatewayListeningEndpoint", "Orleans:Clustering:ProviderType", "Orleans:Clustering:ServiceUri", "Orleans:Clustering:ConnectionString", "Orleans:Clustering:ManagedIdentityClientId",
    ];

    static readonly List<(string Section, Type Options)> Sections = [.. FindSections()];

    public static TheoryData<string> Environments => ["dev", "prod"];

    [Theory]
    [MemberData(nameof(Environments))]
    public void Every_variable_binds_to_an_option_that_exists(string environment) =>
        Assert.All(Deployment.Of("apps", environment).Apps.SelectMany(app => app.Variables), variable => Assert.Null(Problem(variable.Name, variable.Value)));

    [Fact]
    public void Every_variable_of_the_compose_file_does_too()
    {
        var variables = ComposeVariable().Matches(File.ReadAllText(Path.Combine(Path.GetDirectoryName(Bicep.Folder)!, "docker-compose.yml")));
        Assert.True(variables.Count > 10, $"{variables.Count} found");
        Assert.All(variables, variable => Assert.Null(Problem(variable.Groups[1].Value, variable.Groups[2].Value.Trim())));
    }

    [Theory]
    [InlineData("OrleansMail__Delivery__Mood", "Capture")]
    [InlineData("OrleansMail__Delivery__Mode", "Catch")]
    [InlineData("OrleansMail__Nowhere__Mode", "Capture")]
    [InlineData("OrleansMail__Routing__Relays__main__Hose", "host")]
    [InlineData("Orleans__Endpoint__SiloPort", "1")]
    public void A_variable_that_nobody_reads_would_be_found(string name, string value) => Assert.NotNull(Problem(name, value));

    [Theory]
    [MemberData(nameof(Environments))]
    public async Task The_silo_finds_nothing_missing(string environment)
    {
        foreach (var silo in Deployment.Of("apps", environment).Silos) await ValidateAsync(silo.Variables.Select(variable => (variable.Name, variable.Value ?? "of the vault")));
    }

    [Fact]
    public async Task The_silo_would_miss_where_its_storage_is()
    {
        var variables = Deployment.Of("apps", "prod").Silos[0].Variables.Where(variable => variable.Name != "OrleansMail__AzureSpool__TableEndpoint").Select(variable => (variable.Name, variable.Value ?? "of the vault"));
        var exception = await Assert.ThrowsAnyAsync<Exception>(() => ValidateAsync(variables));
        Assert.Contains("AzureSpool", exception.ToString(), StringComparison.Ordinal);
    }

    static async Task ValidateAsync(IEnumerable<(string Name, string Value)> variables)
    {
        var folder = Directory.CreateTempSubdirectory("mail-infra-").FullName;
        await using var app = MailSilo.Build([.. variables.Select(variable => $"--{Key(variable.Name)}={Resolve(variable.Name, variable.Value, folder)}")], builder => builder.Logging.ClearProviders());
        app.Services.GetRequiredService<IStartupValidator>().Validate();
        Directory.Delete(folder, recursive: true);
    }

    // What only Azure knows.
    static string Resolve(string name, string value, string folder) => name.EndsWith("__KeyFile", StringComparison.Ordinal) ? DkimKey.MakeIn(folder) : !value.StartsWith("[reference(", StringComparison.Ordinal) ? value : name switch
    {
        _ when name.EndsWith("Endpoint", StringComparison.Ordinal) => "https://account.example.com",
        _ when name.EndsWith("IPAddress", StringComparison.Ordinal) => "10.0.0.4",
        _ => Guid.Empty.ToString(),
    };

    static string Key(string variable) => variable.Replace("__", ":", StringComparison.Ordinal);

    static string? Problem(string variable, string? value)
    {
        var key = Key(variable);
        if (Foreign.Contains(key)) return null;
        var known = Sections.Where(one => key.StartsWith(one.Section + ":", StringComparison.Ordinal)).ToList();
        if (known.Count == 0) return $"{variable}: no options have this section.";
        var problems = known.Select(one => Follow(one.Options, key[(one.Section.Length + 1)..].Split(':'), value)).ToList();
        return problems.Contains(null) ? null : $"{variable}: {problems[0]}";
    }

    static string? Follow(Type type, ReadOnlySpan<string> path, string? value)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (path.Length == 0) return CanHold(type, value) ? null : $"{type.Name} cannot hold '{value}'.";
        if (Element(type) is { } element) return Follow(element, path[1..], value);
        var property = type.GetProperty(path[0], BindingFlags.Public | BindingFlags.Instance);
        return property is null ? $"{type.Name} has no {path[0]}." : Follow(property.PropertyType, path[1..], value);
    }

    static Type? Element(Type type)
    {
        if (type == typeof(string)) return null;
        var generics = type.GetInterfaces().Append(type).Where(one => one.IsGenericType).ToList();
        return generics.Find(one => one.GetGenericTypeDefinition() == typeof(IDictionary<,>))?.GetGenericArguments()[1]
            ?? (typeof(IEnumerable).IsAssignableFrom(type) ? generics.Find(one => one.GetGenericTypeDefinition() == typeof(IEnumerable<>))?.GetGenericArguments()[0] : null);
    }

    static bool CanHold(Type type, string? value)
    {
        // A secret, or an expression that Azure resolves.
        if (value is null || value.StartsWith("[reference(", StringComparison.Ordinal)) return type == typeof(string) || TypeDescriptor.GetConverter(type).CanConvertFrom(typeof(string));
        try
        {
            return TypeDescriptor.GetConverter(type).ConvertFromString(null, CultureInfo.InvariantCulture, value) is not null;
        }
        catch (Exception exception) when (exception is FormatException or NotSupportedException or ArgumentException)
        {
            return false;
        }
    }

    static IEnumerable<(string, Type)> FindSections() =>
        from file in Directory.EnumerateFiles(AppContext.BaseDirectory, "Orleans.Mail.*.dll")
        where !file.Contains(".Tests.", StringComparison.Ordinal)
        from type in Assembly.LoadFrom(file).GetTypes()
        from name in new[] { "Section", "SectionName" }
        let field = type.GetField(name, BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.DeclaredOnly)
        where field is { IsLiteral: true } && field.FieldType == typeof(string)
        select ((string)field.GetRawConstantValue()!, type);

    // Without an anchor or a reference to one, and without quotes.
    [GeneratedRegex(@"\b(Orleans(?:Mail)?__\w+): *(?:[&*]\w+ *)?""?([^""}\n]*)")]
    private static partial Regex ComposeVariable();
}
