using System.Net;

namespace Orleans.Mail.Transport;

/// <summary>Says which addresses may be dialled. Asked with the address itself, at the last moment: whatever name or record led to it, this decides.</summary>
public interface IAddressGuard
{
    bool Allows(IPAddress address);
}

/// <summary>Allows every address. For hosts that add no guard of their own.</summary>
sealed class OpenAddressGuard : IAddressGuard
{
    public bool Allows(IPAddress address) => true;
}
