using System.Text;

namespace Orleans.Mail.Client.Tests.Support;

static class Given
{
    public static MailDraft Eml(int size = 200, string recipient = "ann@example.test")
    {
        var content = new byte[size];
        Array.Fill(content, (byte)'x');
        Encoding.ASCII.GetBytes("Subject: test\r\n\r\n").CopyTo(content, 0);
        return MailDraft.FromEml(content, "shop@example.test", recipient);
    }

    public static MailDraft Simple() => new()
    {
        From = "Shop <shop@example.test>",
        To = ["ann@example.test"],
        Subject = "Order 1001",
        Text = "Thank you.",
    };
}
