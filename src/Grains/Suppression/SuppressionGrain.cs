using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Control;
using Orleans.Mail.Grains.Spool;
using Orleans.Mail.Policy.Control;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Storage;
using Orleans.Storage;

namespace Orleans.Mail.Grains.Suppression;

/// <summary>
/// The only writer of the suppression list. The store holds the list; in memory are hashes of its names, so that each silo can tell without
/// asking that an address is not on it.
/// </summary>
[GrainType("mail-suppression")]
sealed partial class SuppressionGrain(
    ISettingsStore settings,
    SpoolShards shards,
    IOptions<SuppressionOptions> options,
    IOptions<ControlOptions> control,
    [FromKeyedServices(MailClocks.Service)] TimeProvider mailClock,
    TimeProvider clock,
    ILogger<SuppressionGrain> log) : Grain, ISuppressionListGrain, ISuppressionIndexGrain, IDisposable
{
    const int PageSize = 1_000;

    readonly SuppressionLog _log = new(BinaryPrimitives.ReadInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(long))));
    // Also ends what a silo that stops would wait for.
    readonly CancellationTokenSource _leaving = CancellationTokenSource.CreateLinkedTokenSource(shards.Stopping);
    Task _reading = Task.CompletedTask;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // Not in the time that an activation may take: a long list takes longer to read. Who asks for news waits for it, and changes do not.
        _reading = WalkAsync(_leaving.Token);
        var interval = options.Value.PurgeInterval;
        this.RegisterGrainTimer(static (self, token) => self.WalkAsync(token), this, new() { DueTime = interval, Period = interval, KeepAlive = true });
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _leaving.Cancel();
        return Task.CompletedTask;
    }

    public void Dispose() => _leaving.Dispose();

    public async Task<string?> AddAsync(Mail.Suppression suppression)
    {
        var now = mailClock.GetUtcNow();
        if (!Mailbox.TryParse(suppression.Address, out var mailbox, out var problem)) return $"The address {problem}.";
        if (suppression.Until <= now) return "The end must lie ahead.";
        if (string.IsNullOrWhiteSpace(suppression.Reason) || suppression.Reason.Length > MessageChange.MaxReasonLength || suppression.Reason.Any(char.IsControl))
            return $"Give a reason, in one line of at most {MessageChange.MaxReasonLength} characters.";
        var name = SuppressionName.Of(suppression.Tenant, mailbox.ToString());
        if (_log.Count >= options.Value.MaxEntries) return $"The list is full: raise {SuppressionOptions.Section}:{nameof(SuppressionOptions.MaxEntries)}.";
        await WriteAsync(name, _ => new SuppressionRecord
        {
            Address = mailbox.ToString(),
            Tenant = suppression.Tenant,
            Reason = suppression.Reason,
            Since = now,
            Until = suppression.Until,
            IsSuppressed = true,
        });
        return null;
    }

    public async Task<bool> RemoveAsync(string? tenant, string address)
    {
        if (!Mailbox.TryParse(address, out var mailbox, out _)) return false;
        var name = SuppressionName.Of(tenant, mailbox.ToString());
        if (await settings.ReadAsync(name, CancellationToken.None) is not { } stored) return false;
        var wasInForce = SettingJson.Read<SuppressionRecord>(stored)?.IsInForceAt(mailClock.GetUtcNow()) == true;
        await DeleteAsync(stored);
        return wasInForce;
    }

    public async Task<SuppressionPage> ListAsync(string? tenant, string? continuation, int pageSize)
    {
        var size = Math.Clamp(pageSize, 1, PageSize);
        var now = mailClock.GetUtcNow();
        var page = await settings.ListAsync(SuppressionName.PrefixOf(tenant), continuation, size, CancellationToken.None);
        var items = page.Select(SettingJson.Read<SuppressionRecord>).OfType<SuppressionRecord>().Where(record => record.Tenant == tenant && record.IsInForceAt(now)).Select(Told);
        return new SuppressionPage([.. items], page.Count < size ? null : page[^1].Name);
    }

    public async Task<SuppressionNews> WaitForChangeAsync(long epoch, long after)
    {
        await EnsureReadAsync();
        if (_log.IsUpToDate(epoch, after)) await Task.WhenAny(_log.Changed, Task.Delay(control.Value.PollTime, clock, _leaving.Token));
        return _log.After(epoch, after);
    }

    public async Task BouncedAsync(string tenant, string address, string category)
    {
        var settled = options.Value;
        var scope = settled.PerTenant ? tenant : null;
        var name = SuppressionName.Of(scope, address);
        if (_log.Count >= settled.MaxEntries)
        {
            LogFull(_log.Count);
            return;
        }

        var thresholds = new SuppressionThresholds(settled.HardBounces, settled.OtherBounces, settled.Duration);
        await WriteAsync(name, known => SuppressionPolicy.Bounced(known, address, scope, category, category == Categories.InvalidRecipient, thresholds, mailClock.GetUtcNow()));
    }

    public async Task DeliveredAsync(string tenant, string address)
    {
        var name = SuppressionName.Of(options.Value.PerTenant ? tenant : null, address);
        if (await settings.ReadAsync(name, CancellationToken.None) is { } stored && SettingJson.Read<SuppressionRecord>(stored) is { IsSuppressed: false }) await DeleteAsync(stored);
    }

    async Task EnsureReadAsync()
    {
        try
        {
            await _reading;
        }
        catch (Exception)
        {
            // The next activation reads it anew.
            DeactivateOnIdle();
            throw;
        }
    }

    async Task WriteAsync(string name, Func<SuppressionRecord?, SuppressionRecord> change)
    {
        var stored = await settings.ReadAsync(name, CancellationToken.None);
        var known = stored is null ? null : SettingJson.Read<SuppressionRecord>(stored);
        var changed = change(known);
        if (changed != known && await settings.WriteAsync(name, SettingJson.Write(changed), stored?.Version) is null) throw Replaced();
        _log.Set(SuppressionName.HashOf(name), isListed: true);
    }

    async Task DeleteAsync(Setting stored)
    {
        if (!await settings.DeleteAsync(stored.Name, stored.Version)) throw Replaced();
        _log.Set(SuppressionName.HashOf(stored.Name), isListed: false);
    }

    InconsistentStateException Replaced()
    {
        DeactivateOnIdle();
        return new InconsistentStateException("Another activation keeps the suppression list.");
    }

    /// <summary>Goes through the whole list: learns its names, and removes what ran out.</summary>
    async Task WalkAsync(CancellationToken cancellationToken)
    {
        string? after = null;
        while (await settings.ListAsync(SuppressionName.Prefix, after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var stored in page)
            {
                var isSpent = SettingJson.Read<SuppressionRecord>(stored)?.IsSpentAt(mailClock.GetUtcNow()) == true;
                // One that was changed meanwhile stays. A name too many costs looks into the store, and is none after the next walk.
                var isGone = isSpent && await settings.DeleteAsync(stored.Name, stored.Version);
                _log.Set(SuppressionName.HashOf(stored.Name), isListed: !isGone);
            }

            after = page[^1].Name;
        }
    }

    static Mail.Suppression Told(SuppressionRecord record) => new()
    {
        Address = record.Address,
        Tenant = record.Tenant,
        Reason = record.Reason,
        Since = record.Since,
        Until = record.Until,
        IsAutomatic = record.IsAutomatic,
    };

    [LoggerMessage(1421, LogLevel.Warning, "The suppression list is full with {Count} entries: bounces add nothing.")]
    partial void LogFull(int count);
}
