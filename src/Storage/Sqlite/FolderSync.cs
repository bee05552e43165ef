using System.Runtime.InteropServices;

namespace Orleans.Mail.Storage.Sqlite;

/// <summary>Makes the names in a folder durable: POSIX asks for a flush of the folder itself after a file was created in it.</summary>
static class FolderSync
{
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        var descriptor = Open(folder, 0);
        if (descriptor < 0) throw new IOException("The content folder cannot be opened.", Marshal.GetLastPInvokeError());
        try
        {
            const int invalidArgument = 22;
            // Some file systems have nothing to flush for a folder and say so.
            if (Flush(descriptor) != 0 && Marshal.GetLastPInvokeError() is var error && error != invalidArgument) throw new IOException("The content folder cannot be flushed.", error);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int Flush(int descriptor);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int Close(int descriptor);
}
