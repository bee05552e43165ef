using System.Security.Cryptography;

namespace Orleans.Mail.Infra.Tests;

/// <summary>A key, where the environment would mount one of the vault.</summary>
static class DkimKey
{
    public static string MakeIn(string folder)
    {
        var file = Path.Combine(folder, "dkim.pem");
        if (File.Exists(file)) return file;
        using var key = RSA.Create(2048);
        File.WriteAllText(file, key.ExportPkcs8PrivateKeyPem());
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead);
        return file;
    }
}
