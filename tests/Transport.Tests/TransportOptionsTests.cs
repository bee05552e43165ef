using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Mail.Transport.Resolving;
using Orleans.Mail.Transport.Smtp;

namespace Orleans.Mail.Transport.Tests;

public sealed class TransportOptionsTests
{
    [Fact]
    public void Defaults_are_valid_and_services_are_found()
    {
        using var services = Services(_ => { });
        Assert.IsType<SmtpConnector>(services.GetRequiredService<ISmtpConnector>());
        Assert.IsType<MxResolver>(services.GetRequiredService<IMxResolver>());
    }

    [Fact]
    public void Every_problem_is_told_at_once_with_its_key()
    {
        using var services = Services(collection =>
        {
            collection.Configure<TransportOptions>(options =>
            {
                options.LocalDomain = "no host name!";
                options.EndOfDataTimeout = TimeSpan.Zero;
                options.MaxReplyLineBytes = 3;
                options.MinContentRate = 0;
                options.TrustedRoots.Add("/no/such/file.pem");
                options.MaxTransactionsPerAttempt = 0;
            });
            collection.Configure<ResolverOptions>(options => options.NameServers.Add("dns.example.com"));
        });
        var transport = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<TransportOptions>>().Value);
        Assert.Equal(["LocalDomain", "MinContentRate", "EndOfDataTimeout", "MaxReplyLineBytes", "TrustedRoots", "MaxTransactionsPerAttempt"], transport.Failures.Select(failure => failure.Split(':', ' ')[2]));
        var resolver = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<ResolverOptions>>().Value);
        Assert.StartsWith($"{ResolverOptions.Section}:NameServers", Assert.Single(resolver.Failures), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mail.shop.example", true)]
    [InlineData("MAIL", true)]
    [InlineData("192.0.2.1", true)]
    [InlineData("2001:db8::1", true)]
    [InlineData("mail_out.shop.example", false)]
    [InlineData("почта.example", false)]
    [InlineData("mail..example", false)]
    [InlineData("mail.example\r\nMAIL FROM:<>", false)]
    public void Name_said_in_EHLO_is_a_host_name_or_an_address(string name, bool isRight)
    {
        using var services = Services(collection => collection.Configure<TransportOptions>(options => options.LocalDomain = name));
        var options = services.GetRequiredService<IOptions<TransportOptions>>();
        Assert.Equal(isRight, Record.Exception(() => options.Value) is null);
    }

    static ServiceProvider Services(Action<IServiceCollection> configure)
    {
        var services = new ServiceCollection();
        services.AddSingleton(typeof(ILogger<>), typeof(NullLogger<>));
        services.AddMailTransport();
        configure(services);
        return services.BuildServiceProvider();
    }
}
