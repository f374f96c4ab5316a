using System.Net;

namespace Atalaya.Node.Options;

/// <summary>
/// All options of a node, read once at the start: file, then environment, then command line, the later winning. Never changed afterwards; the
/// cameras, which the same file may list, are read again whenever it changes.
/// </summary>
public sealed record NodeOptions
{
    [Option("What people call this site; the page shows it and exports carry it in their file names.", Min = "1", Max = "60")]
    public string Name { get; init; } = "Atalaya";

    [Option("Addresses to listen on: 127.0.0.1:8480, 192.0.2.7:443, or *:443 for all of the machine. Loopback is plain HTTP, which leaves the machine on no way; any other address "
        + "is HTTPS, with the certificate that tls.certificate names or one that the node makes itself. https:// before a loopback address makes that HTTPS, too.",
        Min = "1", Max = "8")]
    public IReadOnlyList<string> Listen { get; init; } = ["127.0.0.1:8480"];

    [Option("Folder for the archive, the database, keys and exports. Made when absent, readable by this user alone.", Min = "1", Max = "1000")]
    public string Data { get; init; } = "data";

    [Option("PostgreSQL instead of SQLite: a connection string such as Host=db.example.org;Database=atalaya;Username=atalaya;SSL Mode=VerifyFull;Passfile=/etc/atalaya/pgpass. "
        + "Empty: SQLite in the data folder, which is enough for one node. A password in it is better given in the environment (ATALAYA_DATABASE) or in a Passfile.",
        Max = "2000", Secret = true)]
    public string Database { get; init; } = "";

    [Option("Folder of the built page. Empty: 'wwwroot' next to the executable.", Max = "1000")]
    public string Web { get; init; } = "";

    public TlsOptions Tls { get; init; } = new();
    public LogOptions Log { get; init; } = new();
    public RtspNetworkOptions Rtsp { get; init; } = new();
    public ArchiveOptions Recording { get; init; } = new();
    public StorageOptions Storage { get; init; } = new();
    public LiveOptions Live { get; init; } = new();
    public PlaybackOptions Playback { get; init; } = new();
    public PreviewOptions Previews { get; init; } = new();
    public ExportOptions Exports { get; init; } = new();
    public RedactionOptions Redactions { get; init; } = new();
    public PackageOptions Packages { get; init; } = new();
    public ReleaseOptions Releases { get; init; } = new();
    public SceneOptions Scene { get; init; } = new();
    public AlarmOptions Alarms { get; init; } = new();
    public RequestOptions Requests { get; init; } = new();
    public SignInOptions SignIn { get; init; } = new();
    public OversightOptions Oversight { get; init; } = new();
    public ApprovalOptions Approvals { get; init; } = new();
    public EvidenceOptions Evidence { get; init; } = new();
    public AnalysisOptions Analysis { get; init; } = new();
    public MaskOptions Masks { get; init; } = new();
    public FederationOptions Federation { get; init; } = new();
}

public sealed record FederationOptions
{
    [Option("What other organisations call the one that this node belongs to. Empty: the node's name.", Max = "100")]
    public string Organisation { get; init; } = "";

    [Option("Addresses where other nodes come in, such as *:8443: TLS 1.3, on which both sides show a key that was compared by people. Of two linked nodes one needs such an address. Empty: this node only dials.", Max = "4")]
    public IReadOnlyList<string> Listen { get; init; } = [];

    [Option("HOST:PORT under which other nodes reach that, for invitations; needed behind a router, and where it listens on all addresses. Empty: the first address to listen on.", Max = "260")]
    public string Address { get; init; } = "";

    [Option("How much goes to each other node at most, kilobits a second; alarms and other urgent messages count but don't wait. 0: no limit.", Min = "0", Max = "10000000")]
    public int Rate { get; init; }

    [Option("Largest still that is taken from another organisation.", Min = "64KiB", Max = "1GiB")]
    public ByteSize MaxStill { get; init; } = new(64L << 20);

    [Option("Largest clip that is taken from another organisation. 16 GiB: two hours, the longest that a node gives, at 18 Mbit/s.", Min = "1MiB", Max = "1TiB")]
    public ByteSize MaxClip { get; init; } = new(16L << 30);

    [Option("Largest evidence package that is taken from another organisation. 64 GiB: above what a node makes unless it is told otherwise.", Min = "1MiB", Max = "10TiB")]
    public ByteSize MaxPackage { get; init; } = new(64L << 30);

    [Option("Space that all kept files and documents of one other node may take together; beyond it new ones wait until some are deleted.", Min = "1MiB", Max = "100TiB")]
    public ByteSize MaxTotal { get; init; } = new(100L << 30);

    [Option("Free space on the disk of the data folder below which nothing is fetched from other nodes: it waits, and a technical alarm says so. Where footage lies on the same disk, half of its reserve counts if that is more.",
        Min = "0", Max = "100TiB")]
    public ByteSize KeepFree { get; init; } = new(5L << 30);
}

public sealed record TlsOptions
{
    [Option("File of the certificate that is shown over HTTPS, and behind it of those that lead to its authority, PEM. Read again when it changes. Empty: the node makes a certificate of its own and "
        + "renews it; browsers warn of that until somebody has compared its fingerprint (atalaya tls show).", Max = "1000")]
    public string Certificate { get; init; } = "";

    [Option("File of its private key, PEM, without a password. Empty: in the same file.", Max = "1000")]
    public string Key { get; init; } = "";

    [Option("Host names and addresses that people reach the node by. Its own certificate is made out to them, and a given one is checked for them. "
        + "Empty: the machine's host name and the addresses it listens on.", Max = "20")]
    public IReadOnlyList<string> Names { get; init; } = [];

    [Option("How long browsers are told to use nothing but HTTPS with this host name (Strict-Transport-Security). Sent with a certificate of an authority alone: with one signed by itself, "
        + "a changed certificate would lock everybody out. 180 days: usual. 0s: never, where the same host name serves something by plain HTTP.", Min = "0s", Max = "730d")]
    public TimeSpan Hsts { get; init; } = TimeSpan.FromDays(180);
}

public enum LogFormat
{
    Text,
    Json,
}

public sealed record LogOptions
{
    [Option("How log lines look: 'text' for people, 'json' (one object a line) for collectors. Both go to standard error.")]
    public LogFormat Format { get; init; } = LogFormat.Text;

    [Option("The least severity that is logged.")]
    public LogLevel Level { get; init; } = LogLevel.Information;
}

public sealed record RtspNetworkOptions
{
    // RFC 1918, RFC 4193, link-local and loopback: where cameras are. A node that would connect anywhere could be made to probe for others.
    [Option("Networks that cameras may be in. An address outside them is refused, also when a name resolves to it. The default is private, "
        + "link-local and loopback addresses, where cameras belong; whoever may add cameras could otherwise make the node probe anything.",
        Min = "1", Max = "100")]
    public IReadOnlyList<IPNetwork> AllowedNetworks { get; init; } =
    [
        IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("169.254.0.0/16"),
        IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("fc00::/7"), IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("::1/128"),
    ];

    public bool Allows(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return AllowedNetworks.Any(n => n.Contains(address));
    }
}

public sealed record ArchiveOptions
{
    [Option("Longest segment. 60 s: a seek reads one file, a crash costs one row of the index, a day is 1440 files per stream.", Min = "2s", Max = "10min")]
    public TimeSpan Segment { get; init; } = TimeSpan.FromSeconds(60);

    [Option("How often what was written is forced to the disk. 5 s: what a power cut may cost; a killed process loses at most the open fragment.",
        Min = "1s", Max = "60s")]
    public TimeSpan Sync { get; init; } = TimeSpan.FromSeconds(5);

    [Option("Media in one fragment, the piece that reaches the operating system. 500 ms: what a killed process loses and what memory holds follow it.",
        Min = "100ms", Max = "1s")]
    public TimeSpan Fragment { get; init; } = TimeSpan.FromMilliseconds(500);
}

public sealed record LiveOptions
{
    [Option("Live views at once, all cameras together. 200: a wall of 25 on eight screens; each costs a socket and a queue.", Min = "1", Max = "10000")]
    public int MaxViewers { get; init; } = 200;

    [Option("Pictures that may wait for a slow viewer before it skips to the next key frame. 150: five seconds at 30 a second, a group of pictures and more.",
        Min = "8", Max = "2000")]
    public int Queue { get; init; } = 150;

    [Option("Bytes that may wait for a slow viewer.", Min = "256KiB", Max = "64MiB")]
    public ByteSize QueueBytes { get; init; } = new(8 << 20);

    [Option("How long a viewer may take to accept one picture before it is disconnected. A page in a sleeping tab reconnects when it wakes.", Min = "1s", Max = "5min")]
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(20);
}

public sealed record PlaybackOptions
{
    [Option("Longest stretch of one playlist or timeline. 31 days: the timeline's widest view.", Min = "1h", Max = "400d")]
    public TimeSpan MaxStretch { get; init; } = TimeSpan.FromDays(31);

    [Option("Longest stretch of one HLS playlist: it names every fragment. 24 h is some megabytes.", Min = "1min", Max = "7d")]
    public TimeSpan MaxPlaylist { get; init; } = TimeSpan.FromDays(1);
}

public sealed record PreviewOptions
{
    [Option("Space on the disk for the timeline's small pictures, beside the archive; those nobody has looked at for longest go first. 2 GiB: "
        + "about 40,000 minutes. It is a cache: what is gone is made again.", Min = "16MiB", Max = "1TiB")]
    public ByteSize Space { get; init; } = new(2L << 30);

    [Option("Whether they are also made before somebody asks, from the newest minute backwards, while analysis has time left and until the space is nearly used. "
        + "On: whoever moves along a timeline sees pictures at once.")]
    public bool Ahead { get; init; } = true;
}

public sealed record ExportOptions
{
    [Option("How long a finished export is kept for download. Its footage stays in the archive.", Min = "1min", Max = "365d")]
    public TimeSpan Keep { get; init; } = TimeSpan.FromDays(7);

    [Option("Longest stretch of one export.", Min = "1s", Max = "7d")]
    public TimeSpan MaxStretch { get; init; } = TimeSpan.FromHours(6);

    [Option("Largest export. 20 GiB: six hours at 7 Mbit/s; a larger file fits few sticks.", Min = "1MiB", Max = "10TiB")]
    public ByteSize MaxBytes { get; init; } = new(20L << 30);

    [Option("Space that all kept exports may take together; beyond it new ones are refused until some are removed.", Min = "1MiB", Max = "100TiB")]
    public ByteSize MaxTotal { get; init; } = new(100L << 30);

    [Option("Exports that may wait or run at once. They run one after another: cutting competes with recording for the disk.", Min = "1", Max = "1000")]
    public int MaxQueued { get; init; } = 50;
}

public sealed record RedactionOptions
{
    [Option("How long a draft of a release copy, and the copy, are kept after the last change.", Min = "1h", Max = "365d")]
    public TimeSpan Keep { get; init; } = TimeSpan.FromDays(14);

    [Option("Longest stretch of one copy. 10 min: a person looks at every second of it.", Min = "1s", Max = "2h")]
    public TimeSpan MaxStretch { get; init; } = TimeSpan.FromMinutes(10);

    [Option("Drafts and copies that may be there at once.", Min = "1", Max = "1000")]
    public int MaxKept { get; init; } = 100;

    [Option("Pictures a second that are looked through for what might be covered. Between them boxes move straight.", Min = "1", Max = "60")]
    public double Rate { get; init; } = 10;
}

public sealed record PackageOptions
{
    [Option("Name of the organisation whose packages these are; their manifest and certificate say it. Empty: the site's name.", Max = "60")]
    public string Organisation { get; init; } = "";

    [Option("How long a finished package is kept for download; what it was stays in the list. Its footage stays in the archive as long as retention says.", Min = "1h", Max = "3650d")]
    public TimeSpan Keep { get; init; } = TimeSpan.FromDays(30);

    [Option("Longest stretch of one camera in a package.", Min = "1s", Max = "31d")]
    public TimeSpan MaxStretch { get; init; } = TimeSpan.FromDays(1);

    [Option("Largest package. 50 GiB: a day of one camera at 4 Mbit/s; larger ones fit few sticks.", Min = "1MiB", Max = "10TiB")]
    public ByteSize MaxBytes { get; init; } = new(50L << 30);

    [Option("Space that all kept packages may take together; beyond it new ones are refused until some are removed.", Min = "1MiB", Max = "100TiB")]
    public ByteSize MaxTotal { get; init; } = new(200L << 30);

    [Option("Packages that may wait or be prepared at once. They are prepared one after another: reading competes with recording for the disk.", Min = "1", Max = "1000")]
    public int MaxQueued { get; init; } = 20;

    [Option("How long a package waits for its footage to be closed and sealed before it fails. 15 min: the longest segment and a log that had to catch up.", Min = "1min", Max = "7d")]
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(15);

    [Option("Address of a timestamp authority (RFC 3161) whose word on the time goes into each package, such as https://tsa.example.org/tsr. If it doesn't answer, packages are made without and say so. "
        + "Empty: none.", Max = "1000")]
    public string TimestampAuthority { get; init; } = "";

    [Option("File of a certificate (PEM, and behind it those that lead to its authority) that signs manifests, for an organisation that has one: ECDSA P-256. Empty: one that the node makes itself at its first "
        + "start. Packages are believed for the log's key in either case; this signature is for stock tools.", Max = "1000")]
    public string Certificate { get; init; } = "";

    [Option("File of its private key, PEM, without a password. Empty: in the same file.", Max = "1000")]
    public string CertificateKey { get; init; } = "";
}

public sealed record SceneOptions
{
    [Option("How long scene events are kept, also when the footage of their time is gone.", Min = "1h", Max = "3650d")]
    public TimeSpan Keep { get; init; } = TimeSpan.FromDays(90);

    [Option("Scene events that are kept at most; beyond it the oldest go. 2,000,000: twenty cameras that report one a minute for ten weeks, some 500 MB of database.",
        Min = "1000", Max = "100000000")]
    public int MaxEvents { get; init; } = 2_000_000;
}

public sealed record AlarmOptions
{
    [Option("How long closed alarms are kept that belong to no incident. 400 days: a year's figures of false alarms and a month to look at them.", Min = "1d", Max = "3650d")]
    public TimeSpan Keep { get; init; } = TimeSpan.FromDays(400);

    // Those of Chrome and its kin, Firefox, Safari and Edge.
    [Option("Push services at which browsers may be told of alarms: hosts, or domains after '*.'. Anybody who may see alarms says where their browser is reached; a node that posted "
        + "anywhere could be made to probe its network. Empty: none.",
        Max = "50")]
    public IReadOnlyList<string> PushServices { get; init; } =
        ["fcm.googleapis.com", "*.push.services.mozilla.com", "*.push.apple.com", "*.notify.windows.com"];
}

public sealed record RequestOptions
{
    [Option("Largest request body. 64 KiB: the largest there are, an alarm policy or the rules of a camera, have dozens of entries.", Min = "1KiB", Max = "16MiB")]
    public ByteSize MaxBody { get; init; } = new(64 << 10);

    [Option("Pages served elsewhere that may use the API, such as http://localhost:5173 of a development server. Only loopback ones; none by default.",
        Max = "8")]
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    [Option("Connections at once, live views included.", Min = "10", Max = "100000")]
    public int MaxConnections { get; init; } = 1000;
}

public sealed record SignInOptions
{
    [Option("How long a session lasts at most. 12 h: the longest shift.", Min = "5min", Max = "30d")]
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(12);

    [Option("How long a session lasts without a sign of somebody: keys, pointer or touch at the page. 15 min: a screen that was left.", Min = "1min", Max = "30d")]
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(15);

    [Option("Whether an open live view is such a sign. True: a wall that somebody watches all night isn't dark after a quarter of an hour. False where screens stand in rooms "
        + "that others enter.")]
    public bool WatchingKeeps { get; init; } = true;

    [Option("Characters that a password must have at least. There are no rules about which; well-known ones are refused.", Min = "8", Max = "64")]
    public int PasswordLength { get; init; } = 12;

    [Option("File of stolen passwords that none may be among: SHA-1 in hexadecimal, a colon and a count on each line, sorted by digest, as Have I Been Pwned gives it for download. "
        + "Empty: well-known words, names, keyboard rows and repetitions only.", Max = "1000")]
    public string BreachedList { get; init; } = "";

    public OidcOptions Oidc { get; init; } = new();
}

public sealed record ReleaseOptions
{
    [Option("How many days a link to a package may work. 30: courts take their time; what isn't fetched by then is released anew.", Min = "1", Max = "365")]
    public int MaxDays { get; init; } = 30;
}

public sealed record EvidenceOptions
{
    [Option("Name of this node's evidence log, unique in the world and for good: an address that is yours, without a scheme, such as log.example.org/north. Fixed at the first start. "
        + "Empty: made of the site's name and a random number.", Max = "200")]
    public string Origin { get; init; } = "";

    [Option("File with the passphrase of the key that signs the log. Empty: a random one, keys/log.passphrase in the data folder. A file elsewhere, such as one that systemd decrypts "
        + "(LoadCredentialEncrypted), keeps a copy of the data folder from being able to sign.", Max = "1000")]
    public string PassphraseFile { get; init; } = "";

    [Option("How long a key that was followed by another (atalaya log rotate) signs checkpoints beside it, for those who know only the earlier one. 30 days: auditors and partners come by. "
        + "0s: not at all. A revoked key never does.", Min = "0s", Max = "730d")]
    public TimeSpan KeyTransition { get; init; } = TimeSpan.FromDays(30);

    [Option("Root certificates of camera makers (PEM, one file): what a camera's own signatures in its video (ONVIF Media Signing) must lead to so that they count as that camera's. "
        + "Empty: signatures are checked, but not whose they are.", Max = "1000")]
    public string CameraRoots { get; init; } = "";

    [Option("Witnesses that sign this log's checkpoints (C2SP tlog-witness), each as its public key (NAME+ID+KEY), a space, and its address: another node's is https://HOST/witness. "
        + "With any, what the node shows of its log is what they signed, some seconds behind; if none answers for two minutes, the newest without them.", Max = "16")]
    public IReadOnlyList<string> Witnesses { get; init; } = [];

    [Option("Public keys of others' logs (as `atalaya log key` prints them there) whose checkpoints this node signs as a witness, at /witness/add-checkpoint, which needs no account. "
        + "Nothing else is answered there.", Max = "100")]
    public IReadOnlyList<string> WitnessedLogs { get; init; } = [];

    [Option("Name of this node as a witness, unique in the world and for good, such as witness.example.org. Fixed at the first start with witnessed logs. Empty: the log's name and /witness.", Max = "200")]
    public string WitnessName { get; init; } = "";

    public TokenOptions Token { get; init; } = new();
}

public sealed record TokenOptions
{
    [Option("Library of a PKCS#11 token (smart card, security module) that holds the log's key: then no private key lies in the data folder. Taken at the log's first start, and by atalaya log rotate. "
        + "Empty: the key is a file.", Max = "1000")]
    public string Module { get; init; } = "";

    [Option("Label of the token.", Max = "32")]
    public string Label { get; init; } = "atalaya";

    [Option("Label of the Ed25519 key pair in the token that signs next, made with the token's own tool. After a change of keys the earlier one is found by itself.", Min = "1", Max = "100")]
    public string Key { get; init; } = "log";

    [Option("File with the token's user PIN.", Max = "1000")]
    public string PinFile { get; init; } = "";
}

public sealed record AnalysisOptions
{
    [Option("Whether this node decodes and detects at all: in a process of its own, which is started when a camera or a preview needs it.")]
    public bool Enabled { get; init; } = true;

    [Option("Whether cameras are analysed that nobody has said anything about.")]
    public bool Cameras { get; init; } = true;

    // Five: a runner at 6 m/s is seen each 1.2 m, and a tracker keeps him; ten cost twice as much and find little more.
    [Option("Pictures a second that are looked at, of cameras that nobody has said anything about. 5: a runner is seen every metre or so.", Min = "0.1", Max = "30")]
    public double Rate { get; init; } = 5;

    [Option("The detector: path of its model.yaml. Empty: motion is found, people and vehicles aren't told apart.", Max = "1000")]
    public string Model { get; init; } = "";

    [Option("What proposes faces to be covered in release copies: path of its model.yaml. Empty: faces are drawn by hand. It finds places, and is asked nothing else.", Max = "1000")]
    public string Faces { get; init; } = "";

    [Option("ONNX Runtime's library, for a build of one's own (CUDA, OpenVINO). Empty: where it is usually found.", Max = "1000")]
    public string Runtime { get; init; } = "";

    [Option("Who decodes: none (the processor), vaapi (Intel and AMD graphics) or cuda (NVIDIA).")]
    public Atalaya.Analysis.Codec.DecoderHardware Hardware { get; init; }

    [Option("Which decoding device: /dev/dri/renderD128 for vaapi, a number for cuda. Empty: the first.", Max = "200")]
    public string Device { get; init; } = "";

    [Option("How long records of motion and blindness are kept where there is no footage.", Min = "1d", Max = "3650d")]
    public TimeSpan KeepMotion { get; init; } = TimeSpan.FromDays(31);

    [Option("Threads that analyse. 0: one less than the machine has processors, at least one; recording and web keep the rest.", Min = "0", Max = "64")]
    public int Threads { get; init; }

    [Option("Resident memory at which the analysis process is ended and started anew. 2 GiB: a model and some dozens of decoders take less.", Min = "256MiB", Max = "64GiB")]
    public ByteSize Memory { get; init; } = new(2L << 30);

    [Option("Whether the analysis process gives up privileges, network, files and calls that it doesn't need. It reads what strangers' cameras send: leave it on.")]
    public bool Confine { get; init; } = true;

    [Option("How long analysis may work on one thing before its process is ended and started anew. 20 s: hundreds of times what a picture takes on a busy machine.",
        Min = "2s", Max = "5min")]
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(20);
}

public sealed record MaskOptions
{
    [Option("How long somebody who may and says why sees a camera without its masks, in one session. 15 min: one case looked at.", Min = "10s", Max = "12h")]
    public TimeSpan UnmaskFor { get; init; } = TimeSpan.FromMinutes(15);

    [Option("Live streams with masks that are painted and encoded at once, however many watch each. Further ones are refused with the reason. 16: sub-streams that two cores still encode.", Min = "1", Max = "200")]
    public int Streams { get; init; } = 16;

    [Option("Memory for painted pieces of recorded footage, so that seeking to and fro paints each once.", Min = "8MiB", Max = "4GiB")]
    public ByteSize Cache { get; init; } = new(64L << 20);

    [Option("Resident memory at which the process that paints masks is ended and started anew. 1 GiB: dozens of streams take less.", Min = "128MiB", Max = "64GiB")]
    public ByteSize Memory { get; init; } = new(1L << 30);
}
