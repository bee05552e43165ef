namespace Orleans.Mail.Policy.Tests;

public sealed class MessageIdTests
{
    [Fact]
    public void Text_form_is_read_back()
    {
        var id = MessageId.New(TimeProvider.System);
        Assert.Equal(id, MessageId.Parse(id.ToString()));
    }

    [Fact]
    public void Same_key_of_same_tenant_is_the_same_message()
    {
        Assert.Equal(MessageId.FromKey("a", "k"), MessageId.FromKey("a", "k"));
        Assert.NotEqual(MessageId.FromKey("a", "k"), MessageId.FromKey("b", "k"));
    }
}
