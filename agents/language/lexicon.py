"""The words of the grammar: what each concept is called. New words are added here, nowhere else."""

from __future__ import annotations

import re

from agents.language.text import any_of, vocabulary

LEVEL = any_of(
    "price|prices|cost|costs|worth|quote|quotes|quoted|rate|rates|trading at|trade at|"
    "trades at|how much is|how much are|value|valued|spot|bid|ask|last traded|going for"
)
MOVE = any_of(
    "change|changed|changes|move|moved|moves|gain|gained|gains|lose|lost|loses|rise|rose|"
    "risen|rising|fall|fell|fallen|falling|drop|dropped|drops|up|down|rally|rallied|perform|"
    "performed|performs|performance|doing|do|done|return|returns|percent|percentage|%|pump|"
    "pumped|dump|dumped|crash|crashed|jump|jumped|trend|trending|trended|went|go|gone|fare|"
    "fared|climb|climbed|slide|slid|sink|sank|recover|recovered|double|doubled|halve|halved|"
    "grow|grew|swing|action"
)
RANGE = any_of(
    "range|high|highs|low|lows|highest|lowest|max|maximum|min|minimum|peak|peaked|bottom|"
    "bottomed|top|cheapest|most expensive|ceiling|floor"
)
MEAN = any_of("average|averages|mean|avg|averaged|typical")
VOLATILITY = any_of(
    "volatility|volatile|standard deviation|stdev|std dev|std|variance|deviation|fluctuate|"
    "fluctuated|stable|steady"
)
CHART = any_of(
    "chart|charts|graph|plot|history|candles|candle|ohlc|open and close|close|closed|closing"
)
COMPARE = any_of(
    "compare|compared|comparison|vs|versus|better|best|worse|worst|beat|beats|outperform|"
    "outperformed|than|difference|against|relative|spread|gap between|stronger|weaker|"
    "correlat*|more volatile|which"
)
FEELING = any_of(
    "sentiment|sentiments|mood|moods|feeling|feelings|feel|tone|bullish|bearish|positive|"
    "negative|optimistic|pessimistic|buzz|opinion|opinions|people think|people say|"
    "people saying|community|crowd|hype about|vibe|vibes|chatter|discussion|discussions|"
    "talk about|talking about|think of|say about|saying about|said about|says about|mention|"
    "mentions|mentioned|attitude"
)
NEWS = any_of(
    "news|headline|headlines|article|articles|press|media|story|stories|report|reports|"
    "reported|reporting|published|wrote|written|write about|newspaper|journalists|outlets|"
    "coverage of"
)
REDDIT = any_of("reddit|subreddit|subreddits|redditors|r/cryptocurrency|r/bitcoin|r/*")
SOCIAL = any_of("social|social media|posts|post|posted|forum|forums")
HACKER_NEWS = any_of("hacker news|hn|hackernews")
FEAR_GREED = any_of(
    "fear and greed|fear & greed|fear greed|fear/greed|fear-greed|fear index|greed index|"
    "market mood|mood of the market|market sentiment index"
)
OUTLETS = {
    "coindesk": any_of("coindesk|coin desk"),
    "cointelegraph": any_of("cointelegraph|coin telegraph"),
    "decrypt": any_of("decrypt"),
    "theblock": any_of("the block|theblock"),
    "bitcoinmagazine": any_of("bitcoin magazine|bitcoinmagazine"),
    "cryptoslate": any_of("cryptoslate|crypto slate"),
    "newsbtc": any_of("newsbtc"),
    "beincrypto": any_of("beincrypto"),
    "blockworks": any_of("blockworks"),
}
NOT_COLLECTED = any_of(
    "telegram|twitter|tweet|tweets|on x|x.com|discord|tiktok|facebook|instagram|youtube|"
    "stocktwits|4chan|whatsapp|linkedin|bloomberg|reuters|wechat|weibo|truth social|mastodon|"
    "threads|snapchat"
)
NOT_KEPT = any_of(
    "share price|shares price|stock price|stock|stocks|share|shares|gold|silver|oil|"
    "funding rate|funding rates|open interest|options|futures|order book depth|liquidations|"
    "whale|whales|nft|nfts|interest rate on|weather|earnings per share|market cap|marketcap|"
    "trading volume|volume|dominance"
)
FORMS = re.compile(
    r"(?<![\w-])(?:form )?(10-?k|10-?q|8-?k|6-?k|20-?f|s-?1|s-?3|13f|13d|13g|424b\d|"
    r"def ?14a)(/a)?(?![\w-])"
    r"|(?<!\w)form (3|4|5|d|144)(?!\w)"
)
FILING = any_of(
    "filing|filings|filed|file with|files with|filed with|sec|edgar|disclosure|disclosures|"
    "annual report|quarterly report|prospectus|insider|securities and exchange commission"
)
DELISTING = any_of("delist|delisted|delisting|delistings|delists|removed from trading|removal")
LISTING = any_of(
    "listing|listings|listed|lists|newly listed|added to coinspot|new coins|new coin|"
    "newly added|coins added|added any"
)
MAINTENANCE = any_of(
    "maintenance|downtime|outage|outages|suspended|suspension|suspend|offline|unavailable|"
    "disruption|disruptions|wallet maintenance|network upgrade|go down"
)
ANNOUNCEMENT = any_of(
    "announcement|announcements|announce|announced|announces|from the exchange|coinspot say|"
    "exchange updates|exchange notices|notice|notices"
)
MACRO = any_of(
    "fed|fomc|federal reserve|rate decision|rate hike|rate cut|monetary policy|macro|powell"
)
GOVERNANCE = any_of("governance|proposal|proposals|vote|votes|snapshot")
FORK = any_of("fork|forks|hard fork|airdrop|airdrops")
STAKING = any_of("staking")
EVENT = any_of(
    "event|events|catalyst|catalysts|happening|happen|happened|happens|what's on|calendar|"
    "scheduled|coming up|developments|development"
)
PLANNED = any_of(
    "planned|upcoming|scheduled|coming|forthcoming|expected|future|next|ahead|soon|will"
)
ORDER = any_of(
    "order|orders|trade history|trades|trade|fills|fill|executions|transactions|transaction|"
    "purchases|purchase"
)
DEALING = any_of(
    "buy|buys|bought|sell|sells|sold|trade|traded|trades|spent|spend|paid|pay|invested|"
    "filled|fill|executed|cancelled|canceled|rejected|placed"
)
HOLDING = any_of(
    "portfolio|position|positions|holding|holdings|balance|balances|hold|own|have left|"
    "wallet|do i have|account worth|net worth|i got"
)
PROFIT = any_of(
    "pnl|p&l|profit|profits|profitable|realised|realized|unrealised|unrealized|cost basis|"
    "capital gain|capital gains|break even|break-even|breakeven|made on|make on|roi"
)
FEES = any_of("fee|fees|commission|commissions")
OWN = any_of("my|mine|i|me|i've|i'm|i'd|our|we|myself")
OPEN = any_of(
    "open|still open|outstanding|pending|unfilled|active|partial|partially|waiting|live orders"
)
FILLED = any_of("filled|executed|completed|fills|fill")
CANCELLED = any_of("cancelled|canceled|cancel")
REJECTED = any_of("rejected|refused|failed")
BUYING = any_of("buy|buys|bought|purchase|purchases|purchased|buying")
SELLING = any_of("sell|sells|sold|selling|sale|sales")
MARKET = any_of(
    "market|markets|crypto|cryptocurrency|cryptocurrencies|cryptos|overall|general|industry|"
    "everything|all coins|any coin|all assets|sector|digital assets"
)
EXCHANGE = any_of("coinspot|exchange")
POINTING = any_of(
    "it|its|that|this|those|them|they|these|the same|same|that coin|this coin|the coin|both|either"
)
FOLLOWING = re.compile(
    r"^(?:and|what about|how about|also|same|ok(?:ay)? and|now|then|but|plus|or|versus|vs|"
    r"compared to|"
    r"why|when|which|in comparison|over|for|since|show|only|just|the|what's)(?!\w)"
)
KNOWLEDGE = re.compile(
    r"^(?:who (?:is|was|invented|created|founded|made)|explain|define|how (?:do|does) .+ work|"
    r"teach|"
    r"what (?:is|are) (?:a |an |the )?(?:blockchain|crypto\w*|defi|mining|staking|proof|wallet|"
    r"bitcoin|"
    r"ethereum|solana|coin)s?\W*$)"
)

COMMON = frozenset(
    vocabulary(
        """
    a about above account after again all also am an and any anything are around as ask at
    away back be because been before being below best better between both but by came can
    chart close coin coins come could crypto currency data date day days did do does doing
    done down during each either else end even ever every everyone everything exchange few
    find first for found from get give given go goes going gone good got great had has have
    he hello help her here hers hey him his history hour hours how i if in information into
    is it its just keep kind know last late lately latest least less let like list little
    long look looking made make many market markets may maybe me mean might mine minute
    minutes moment money month months more morning most much must my name need never new
    next nice no none not nothing now number of off often ok okay old on once one only open
    or other others our out over own part past people percent place please plus point points
    position possible previous put question quick quote quotes quite read really recent
    recently right said same saw say says see seen send several shall she should show side
    since small so some someone something soon still stop such summary sure take tell than
    thank thanks that the their them then there these they thing things think this those
    though through till time times to today together token tokens told tomorrow too took top
    total toward trade trades turn two under until up update updates us use used user users
    using usual value very via view want was way we week weeks well went were what when
    where whether which while who whole whose why will with within without word work world
    worth would write year years yes yesterday yet you your ethereal bitcoins custom system
    another everybody anybody somebody myself yourself cricket weather football score match
    """
    )
)
TOPICAL = frozenset(
    word
    for name, pattern in list(globals().items())
    if isinstance(pattern, re.Pattern) and name.isupper()
    for word in re.findall(r"[a-z]{3,}", pattern.pattern.replace(r"\s", " ").replace(r"\w", " "))
)
