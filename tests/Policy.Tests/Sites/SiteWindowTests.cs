using CsCheck;
using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Policy.Tests.Sites;

public sealed class SiteWindowTests
{
    static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void OnSuccess_AWindowOfSuccesses_AddsOne()
    {
        var window = new SiteWindow();
        for (var i = 0; i < 5; i++) window = window.OnSuccess(Now);
        Assert.Equal(6, window.OpenLimit);
        for (var i = 0; i < 6; i++) window = window.OnSuccess(Now);
        Assert.Equal(7, window.OpenLimit);
    }

    [Fact]
    public void OnSuccess_Always_StopsAtTheMaximum()
    {
        var window = new SiteWindow();
        for (var i = 0; i < 10_000; i++) window = window.OnSuccess(Now);
        Assert.Equal(20, window.OpenLimit);
    }

    [Fact]
    public void OnSuccess_LittleInUse_DoesNotGrowFarBeyondUse()
    {
        var window = new SiteWindow();
        for (var i = 0; i < 10_000; i++) window = window.OnSuccess(Now, inUse: 2);
        Assert.Equal(7, window.OpenLimit);
    }

    [Fact]
    public void OnTrouble_Once_TakesOne() => Assert.Equal(4, new SiteWindow().OnTrouble(Now).OpenLimit);

    [Fact]
    public void OnTrouble_AmongSuccesses_NarrowsWithoutDying()
    {
        var window = Grown(20);
        for (var i = 0; i < 100; i++) window = window.OnTrouble(Now).OnTrouble(Now).OnSuccess(Now);
        Assert.Null(window.DeadUntil);
        Assert.InRange(window.OpenLimit, 2, 10);
    }

    [Theory]
    [InlineData(1, int.MaxValue)]
    [InlineData(2, 0)]
    public void OnSuccess_OfAWindowThatDoesNotGrow_EndsTheRowOfTroubles(int maximum, int inUse)
    {
        var window = new SiteWindow(new SiteWindowOptions { Initial = 1, Maximum = maximum, DeadAfterCohorts = 2 });
        for (var i = 0; i < 10; i++)
        {
            window = window.OnTrouble(Now);
            Assert.Null(window.DeadUntil);
            window = window.OnSuccess(Now, inUse);
        }

        Assert.NotNull(window.OnTrouble(Now).OnTrouble(Now).DeadUntil);
    }

    [Fact]
    public void OnTrouble_AWindowInARow_IsDeadThenProbes()
    {
        var window = new SiteWindow();
        for (var i = 0; i < 5; i++)
        {
            Assert.Null(window.DeadUntil);
            window = window.OnTrouble(Now);
        }

        Assert.Equal(Now.AddMinutes(1), window.DeadUntil);
        Assert.Equal(0, window.OpenLimitAt(Now));
        Assert.Equal(1, window.OpenLimitAt(Now.AddMinutes(1)));
        Assert.Equal(1, window.OpenLimit);
    }

    [Fact]
    public void OnTrouble_WhileDead_ChangesNothing()
    {
        var window = Dead();
        Assert.Equal(window, window.OnTrouble(Now).OnTrouble(Now.AddSeconds(59)));
    }

    [Fact]
    public void OnTrouble_FailedProbes_WaitLongerUpToABound()
    {
        var window = Dead();
        var waits = new List<double>();
        for (var i = 0; i < 40; i++)
        {
            var at = window.DeadUntil!.Value;
            window = window.OnTrouble(at);
            waits.Add((window.DeadUntil!.Value - at).TotalMinutes);
        }

        Assert.Equal([2.0, 4.0, 8.0, 10.0, 10.0], waits.Take(5));
        Assert.Equal(10.0, waits[^1]);
    }

    [Fact]
    public void OnSuccess_AfterDeath_StartsAnew()
    {
        var window = Dead().OnSuccess(Now);
        Assert.Null(window.DeadUntil);
        Assert.Equal(5, window.OpenLimitAt(Now));
    }

    [Fact]
    public void Limit_never_leaves_its_bounds() =>
        Gen.Select(Gen.Int[1, 10], Gen.Int[0, 30], Gen.Int[0, 4].Array[0, 500]).Sample((initial, more, steps) =>
        {
            var window = new SiteWindow(new SiteWindowOptions { Initial = initial, Maximum = initial + more });
            var now = Now;
            foreach (var step in steps)
            {
                var before = window;
                now = now.AddSeconds(step == 3 ? 120 : 1);
                window = step switch
                {
                    0 => window.OnSuccess(now),
                    1 => window.OnTrouble(now),
                    4 => window.OnRefused(window.Limit - 1, now),
                    _ => window.OnSuccess(now, inUse: 1),
                };
                if (window.Limit < 1 || window.Limit > initial + more) return false;
                // One step at a time, but for death and revival.
                if (before.DeadUntil is null && window.DeadUntil is null && Math.Abs(window.Limit - before.Limit) > 1) return false;
            }

            return true;
        });

    [Fact]
    public void Window_without_room_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new SiteWindow(new SiteWindowOptions { Initial = 0 }));
        Assert.Throws<ArgumentException>(() => new SiteWindow(new SiteWindowOptions { Initial = 6, Maximum = 5 }));
    }

    static SiteWindow Grown(int limit)
    {
        var window = new SiteWindow();
        while (window.Limit < limit) window = window.OnSuccess(Now);
        return window;
    }

    static SiteWindow Dead()
    {
        var window = new SiteWindow();
        for (var i = 0; i < 5; i++) window = window.OnTrouble(Now);
        return window;
    }
}
