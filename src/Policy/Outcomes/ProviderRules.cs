namespace Orleans.Mail.Policy.Outcomes;

/// <summary>Tokens that large receivers put into their replies and explain on their postmaster pages. They are more telling than any words, so they come first.</summary>
static class ProviderRules
{
    public static IReadOnlyList<TextRule> All { get; } =
    [
        // Yahoo and AOL: complaints or volume of our address (TS, TSS), its reputation (IPTS), a block list (BL).
        new("provider.yahoo.deferral", Categories.RateLimited, FailureScope.Source, false,
            "TS01", "TS02", "TS03", "TSS04", "TSS05", "TSS09", "TSS11", "IPTS04", "IPTS05", "VS98") { IsWhole = true },
        new("provider.yahoo.blocked", Categories.BlockedSource, FailureScope.Source, false, "BL21", "BL22", "BL23") { IsWhole = true },
        // Outlook.com: volume by reputation (RP), too many connections (IB), refusals of the address (SC, DY, OU; S3140 and its neighbours).
        new("provider.outlook.rate", Categories.RateLimited, FailureScope.Source, false, "RP-001", "RP-002", "RP-003", "IB007", "S77719", "S775", "S776") { IsWhole = true },
        new("provider.outlook.blocked", Categories.BlockedSource, FailureScope.Source, false,
            "SC-001", "SC-002", "SC-003", "SC-004", "DY-001", "DY-002", "OU-001", "OU-002", "S3140", "S3150") { IsWhole = true },
        // iCloud: local policy about the address we send from.
        new("provider.icloud.deferral", Categories.RateLimited, FailureScope.Source, false, "BS02", "HCM1") { IsWhole = true },
        new("provider.icloud.blocked", Categories.BlockedSource, FailureScope.Source, false, "HM07", "HM08") { IsWhole = true },
        // Comcast: messages, connections or recipients in a time.
        new("provider.comcast.rate", Categories.RateLimited, FailureScope.Source, false, "RL000001", "RL000002", "RL000003", "RL000010") { IsWhole = true },
        // NetEase: too many connections (HL:ITC), too much mail (RP:ORQ, RP:RCL), taken for spam (DT:SPM).
        new("provider.netease.rate", Categories.RateLimited, FailureScope.Source, false, "HL:ITC", "RP:ORQ", "RP:RCL", "RP:QRC") { IsWhole = true },
        new("provider.netease.spam", Categories.ContentRejected, FailureScope.Message, true, "DT:SPM") { IsWhole = true },
    ];
}
