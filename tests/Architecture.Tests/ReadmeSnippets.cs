namespace Orleans.Mail.Architecture.Tests;

/// <summary>
/// Each region is one C# block of README.md, letter for letter but for the indent. What a block takes for granted is a parameter of the method around it.
/// </summary>
static class ReadmeSnippets
{
    public static async Task SubmitAndFollow()
    {
        #region Submit and follow
        await using var mail = await MailClient.ConnectAsync();
        var order = await mail.SubmitAsync(new MailDraft
        {
            From = "shop@sender.test", To = ["ann@delivered.test"], Subject = "Order 1001", Text = "Thank you.",
            IdempotencyKey = "order-1001/confirmation",
        });
        await foreach (var item in order.EventsAsync())
            Console.WriteLine($"{item.At:T} {item.Type} {item.Recipient} {item.Reply}");
        var status = await order.GetStatusAsync();
        Console.WriteLine($"{order.Id} is {status.State} after {status.AttemptCount} attempt(s)");
        #endregion
    }

    public static async Task FollowAll(IMailClient mail, EventPosition lastSeen, Func<DeliveryEvent, Task> handle, CancellationToken stopping)
    {
        #region Follow everything
        await foreach (var item in mail.SubscribeAsync(new EventFilter { Tenant = "shop" }, lastSeen, stopping))
        {
            await handle(item);
            lastSeen = item.Position;
        }
        #endregion
    }
}
