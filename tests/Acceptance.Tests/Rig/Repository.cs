namespace Orleans.Mail.Acceptance.Tests.Rig;

/// <summary>The sources that these tests were built from.</summary>
static class Repository
{
    public static string Folder
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "Orleans.Mail.sln"))) folder = folder.Parent ?? throw new DirectoryNotFoundException("No Orleans.Mail.sln above the tests.");
            return folder.FullName;
        }
    }
}
