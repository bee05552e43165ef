using System.Net;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Grains.Routing;

namespace Orleans.Mail.Grains.Tests;

public sealed class AddressMemoryTests
{
    static readonly IPAddress One = IPAddress.Parse("192.0.2.1");
    static readonly IPAddress[] Six = [.. Enumerable.Range(1, 4).Select(i => IPAddress.Parse($"2001:db8::{i}"))];

    readonly FakeTimeProvider _clock = new();
    readonly AddressMemory _memory;

    public AddressMemoryTests() => _memory = new AddressMemory(TimeSpan.FromMinutes(10), capacity: 10, _clock);

    [Fact]
    public void Address_that_failed_is_avoided_for_minutes_or_until_it_answers()
    {
        _memory.Failed(null, One);
        Assert.True(_memory.IsAvoided(null, One));
        Assert.False(_memory.IsAvoided(Six[0], One));
        _clock.Advance(TimeSpan.FromMinutes(10));
        Assert.False(_memory.IsAvoided(null, One));
        _memory.Failed(null, One);
        _memory.Answered(null, One);
        Assert.False(_memory.IsAvoided(null, One));
    }

    [Fact]
    public void Family_of_which_three_failed_in_a_row_is_avoided_as_a_whole()
    {
        foreach (var address in new[] { Six[0], Six[0], Six[0], Six[1] }) _memory.Failed(null, address);
        Assert.False(_memory.IsAvoided(null, Six[3]));
        _memory.Failed(null, Six[2]);
        Assert.True(_memory.IsAvoided(null, Six[3]));
        Assert.False(_memory.IsAvoided(null, One));
        _memory.Answered(null, Six[3]);
        Assert.False(_memory.IsAvoided(null, Six[3]));
        Assert.True(_memory.IsAvoided(null, Six[0]));
    }

    [Fact]
    public void Family_that_was_avoided_is_tried_again_after_its_time()
    {
        foreach (var address in Six[..3]) _memory.Failed(null, address);
        _clock.Advance(TimeSpan.FromMinutes(10));
        Assert.DoesNotContain(Six, address => _memory.IsAvoided(null, address));
    }

    [Fact]
    public void Addresses_remembered_are_bounded()
    {
        for (var i = 0; i < 20; i++) _memory.Avoid(null, new IPAddress([198, 51, 100, (byte)i]));
        Assert.Equal(10, Enumerable.Range(0, 20).Count(i => _memory.IsAvoided(null, new IPAddress([198, 51, 100, (byte)i]))));
        _clock.Advance(TimeSpan.FromMinutes(10));
        _memory.Avoid(null, One);
        Assert.True(_memory.IsAvoided(null, One));
    }
}
