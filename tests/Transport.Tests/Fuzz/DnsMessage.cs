using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Orleans.Mail.Transport.Tests.Fuzz;

/// <summary>Octets of a name server's answer (RFC 1035 §4.1), right unless a test asks for wrong ones.</summary>
sealed class DnsMessage
{
    const int HeaderBytes = 12;

    readonly List<byte> _octets;
    int _answers;

    /// <param name="question">What was asked, header and all.</param>
    /// <param name="code">RCODE.</param>
    /// <param name="name">The name in the question; null for the one that was asked.</param>
    public DnsMessage(ReadOnlySpan<byte> question, int code = 0, string? name = null)
    {
        var end = HeaderBytes;
        while (question[end] != 0) end += question[end] + 1;
        var type = question.Slice(end + 1, 4);
        _octets = [question[0], question[1], 0x81, (byte)(0x80 | code), 0, 1, 0, 0, 0, 0, 0, 0];
        if (name is null) _octets.AddRange(question[HeaderBytes..(end + 1)]);
        else AddName(name);
        _octets.AddRange(type);
        Type = type[1];
    }

    /// <summary>1 for A, 15 for MX, 28 for AAAA.</summary>
    public byte Type { get; }

    public static string NameOf(ReadOnlySpan<byte> question)
    {
        var name = new StringBuilder();
        for (var at = HeaderBytes; question[at] != 0; at += question[at] + 1) name.Append(Encoding.ASCII.GetString(question.Slice(at + 1, question[at]))).Append('.');
        return name.ToString().TrimEnd('.');
    }

    public DnsMessage Mx(byte preference, string host) => Record(15, record =>
    {
        record._octets.AddRange([0, preference]);
        record.AddName(host);
    });

    public DnsMessage Address(IPAddress address) => Record(address.GetAddressBytes().Length == 4 ? (byte)1 : (byte)28, record => record._octets.AddRange(address.GetAddressBytes()));

    /// <summary>A record whose name is a pointer to itself.</summary>
    public DnsMessage Loop()
    {
        var at = _octets.Count;
        _octets.AddRange([(byte)(0xC0 | at >> 8), (byte)at, 0, 15, 0, 1, 0, 0, 1, 0, 0, 4, 0, 10, (byte)(0xC0 | at + 14 >> 8), (byte)(at + 14)]);
        _answers++;
        return this;
    }

    public byte[] ToArray()
    {
        var octets = _octets.ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(octets.AsSpan(6), (ushort)_answers);
        return octets;
    }

    DnsMessage Record(byte type, Action<DnsMessage> data)
    {
        // The name is a pointer to the one in the question.
        _octets.AddRange([0xC0, HeaderBytes, 0, type, 0, 1, 0, 0, 1, 0, 0, 0]);
        var start = _octets.Count;
        data(this);
        var length = _octets.Count - start;
        (_octets[start - 2], _octets[start - 1]) = ((byte)(length >> 8), (byte)length);
        _answers++;
        return this;
    }

    void AddName(string name)
    {
        foreach (var label in name.Split('.'))
        {
            _octets.Add((byte)label.Length);
            _octets.AddRange(Encoding.ASCII.GetBytes(label));
        }

        _octets.Add(0);
    }
}
