using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Mail.Storage.AzureStorage.Settings;
using Orleans.Mail.Storage.AzureStorage.Spool;
using Orleans.Mail.Storage.Sqlite;
using Orleans.Serialization;

namespace Orleans.Mail.Storage;

/// <summary>Registration of the stores.</summary>
public static class StorageServiceExtensions
{
    /// <summary>Uses a folder of a local disk as spool.</summary>
    public static IServiceCollection AddSqliteSpool(this IServiceCollection services, Action<SqliteSpoolOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<SqliteSpoolOptions>().Configure(configure).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SqliteSpoolOptions>, SqliteSpoolOptionsValidator>();
        services.AddLogging();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => new SqliteSpool(provider.GetRequiredService<IOptions<SqliteSpoolOptions>>().Value,
            provider.GetRequiredService<Serializer<DeliveryEvent[]>>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<SqliteSpool>>()));
        services.AddSingleton<ISpool>(provider => provider.GetRequiredService<SqliteSpool>());
        services.AddSingleton<ISettingsStore>(provider => new SqliteSettingsStore(provider.GetRequiredService<SqliteSpool>()));
        services.AddSingleton<ISpoolHealth>(provider => provider.GetRequiredService<SqliteSpool>());
        return services;
    }

    /// <summary>Uses a table and a container of Azure as spool.</summary>
    public static IServiceCollection AddAzureSpool(this IServiceCollection services, Action<AzureSpoolOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<AzureSpoolOptions>().Configure(configure).ValidateOnStart();
        services.AddSingleton<IValidateOptions<AzureSpoolOptions>, AzureSpoolOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => new AzureSpool(provider.GetRequiredService<IOptions<AzureSpoolOptions>>().Value,
            provider.GetRequiredService<Serializer<DeliveryEvent[]>>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ISpool>(provider => provider.GetRequiredService<AzureSpool>());
        services.AddSingleton<ISpoolHealth>(provider => provider.GetRequiredService<AzureSpool>());
        return services;
    }

    /// <summary>Keeps settings in a table of the account that <see cref="AddAzureSpool"/> registers.</summary>
    public static IServiceCollection AddAzureSettings(this IServiceCollection services)
    {
        services.AddSingleton<ISettingsStore>(provider => new AzureSettingsStore(
            provider.GetRequiredService<IOptions<AzureSpoolOptions>>().Value,
            provider.GetRequiredService<TimeProvider>()));
        return services;
    }

    /// <summary>Keeps Orleans reminders in the file of the spool that <see cref="AddSqliteSpool"/> registers. The silo adds the reminder service itself (<c>AddReminders</c>).</summary>
    public static IServiceCollection AddSqliteReminders(this IServiceCollection services)
    {
        services.AddSingleton<SqliteReminderTable>();
        services.AddSingleton<IReminderTable>(provider => provider.GetRequiredService<SqliteReminderTable>());
        return services;
    }
}
