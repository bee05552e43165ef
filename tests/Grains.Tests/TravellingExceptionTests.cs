using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Storage;
using Orleans.Serialization;

namespace Orleans.Mail.Grains.Tests;

/// <summary>What a silo cannot store is told to another silo as it is: whoever was told that nothing was stored would not look whether something was.</summary>
public sealed class TravellingExceptionTests
{
    [Theory]
    [InlineData(true, SpoolFault.Io)]
    [InlineData(false, SpoolFault.Busy)]
    public void A_stores_trouble_arrives_with_all_that_it_says(bool outcomeKnown, SpoolFault fault)
    {
        using var services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        var serializer = services.GetRequiredService<Serializer<Exception>>();
        var arrived = Assert.IsType<SpoolUnavailableException>(serializer.Deserialize(serializer.SerializeToArray(new SpoolUnavailableException(fault, outcomeKnown, "words"))));
        Assert.Equal((fault, outcomeKnown, "words"), (arrived.Fault, arrived.OutcomeKnown, arrived.Message));
    }
}
