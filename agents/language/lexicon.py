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
    "correlat*|more volatile|which|rank|ranked|ranking|best to worst"
)
CORRELATION = any_of(
    "correlat*|move together|moved together|moves together|moving together|in step|in tandem|"
    "follow|follows|followed|track|tracks|tracked|in lockstep|relationship between"
)
COUNTING = any_of("how many rows|how many quotes|how many price rows|number of price rows|"
                  "number of rows|number of quotes|row count|how many data points")  # fmt: skip
FEELING = any_of(
    "sentiment|sentiments|mood|moods|feeling|feelings|feel|tone|bullish|bearish|positive|"
    "negative|optimistic|pessimistic|buzz|opinion|opinions|people think|people say|"
    "people saying|community|crowd|hype about|vibe|vibes|chatter|discussion|discussions|"
    "talk about|talking about|think of|say about|saying about|said about|says about|mention|"
    "mentions|mentioned|attitude|fud|worried|excited|upbeat|gloomy|concerns|rumours|rumors|"
    "hated|loved|enthusiasm|confidence in|talk of"
)
NEWS = any_of(
    "news|headline|headlines|article|articles|press|media|story|stories|report|reports|"
    "reported|reporting|published|wrote|written|write about|newspaper|newspapers|papers|"
    "journalists|"
    "outlets|coverage|writing about|writing on|writes about|covered by|cover|covers|blogs"
)
REDDIT = any_of("reddit|subreddit|subreddits|redditors|r/cryptocurrency|r/bitcoin|r/*")
SOCIAL = any_of("social|social media|posts|post|posted|forum|forums")
HACKER_NEWS = any_of("hacker news|hn|hackernews")
FEAR_GREED = any_of(
    "fear and greed|fear & greed|fear greed|fear/greed|fear-greed|fear index|greed index|"
    "market mood|mood of the market|market sentiment index|how greedy|how fearful|greed and fear|"
    "greed or fear|fear or greed|greedy|fearful"
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
    "share price|shares price|stock price|stock|stocks|shares|gold|silver|oil|"
    "funding rate|funding rates|open interest|options|futures|order book depth|liquidations|"
    "whale|whales|nft|nfts|interest rate on|weather|earnings per share|market cap|marketcap|"
    "trading volume|volume|dominance"
)
FORMS = re.compile(
    r"(?<![\w-])(?:form )?(10-?k|10-?q|8-?k|6-?k|20-?f|s-?1|s-?3|s-?8|13f|13d|13g|424b\d|"
    r"def ?14a)(/a)?s?(?![\w-])"
    r"|(?<!\w)form (3|4|5|d|144)(?!\w)"
)
FILING = any_of(
    "filing|filings|filed|file with|files with|filed with|sec|edgar|disclosure|disclosures|"
    "annual report|quarterly report|prospectus|insider|insiders|securities and exchange commission|"
    "proxy statement|proxy statements|registration statement|earnings report|earnings release|"
    "disclosed|disclose|discloses|files|file anything|file something|filing anything|regulatory"
)
DELISTING = any_of("delist|delisted|delisting|delistings|delists|removed from trading|removal")
LISTING = any_of(
    "listing|listings|listed|lists|newly listed|added to coinspot|new coins|new coin|"
    "newly added|coins added|added any|add any|coinspot list|exchange list|coinspot add|"
    "get listed|got listed|been listed"
)
MAINTENANCE = any_of(
    "maintenance|downtime|outage|outages|suspended|suspension|suspend|offline|unavailable|"
    "disruption|disruptions|wallet maintenance|network upgrade|go down"
)
ANNOUNCEMENT = any_of(
    "announcement|announcements|announce|announced|announces|from the exchange|coinspot say|"
    "exchange updates|exchange notices|notice|notices|announcing|exchange say|exchange said|"
    "coinspot said|coinspot tell"
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
    "filled|fill|executed|cancelled|canceled|rejected|placed|sale|sales|purchase|go through|"
    "went through|buying|selling"
)
HOLDING = any_of(
    "portfolio|position|positions|holding|holdings|balance|balances|hold|own|have left|"
    "wallet|do i have|account worth|net worth|i got"
)
REPORTS = any_of(
    "annual report|annual reports|quarterly report|quarterly reports|earnings report|yearly report"
)
"""Reports that are filed, not written by the press."""
PROFIT = any_of(
    "average entry|entry price|average entry price|average cost|average buy price|avg cost|"
    "average purchase price|pnl|p&l|profit|profits|profitable|realised|realized|unrealised|"
    "unrealized|cost basis|"
    "capital gain|capital gains|break even|break-even|breakeven|made on|make on|roi"
)
HELD = re.compile(
    r"(?<!\w)(?:portfolios?|holdings?|positions?|balances?)(?!\w)"
    r"|(?<!\w)(?:account|wallet|net) (?:balance|value|worth)"
    r"|(?<!\w)(?:do|did|have|how much|how many|what|which)(?!\w).*(?<!\w)(?:i|we) "
    r"(?:still |currently |now |already )?(?:hold|own|have left|got|have in)(?!\w)"
    r"|(?<!\w)do (?:i|we) (?:still |currently )?have(?! any (?:open|orders|trades|fills))(?!\w)"
    r"|(?<!\w)my (?:\S+ ){0,3}(?:worth|value|coins|assets|stash|bags?)(?!\w)"
    r"|(?<!\w)(?:worth|value) of my(?!\w)|(?<!\w)(?:is|are) my (?:\S+ ){1,3}worth"
)
"""What is held, told from what was ordered."""
EARNED = re.compile(
    r"(?<!\w)(?:am|are|was|were) (?:i|we) (?:still |currently )?(?:up|down|ahead|behind|in the "
    r"(?:red|green|black)|in profit|under water|underwater|losing|making|winning)(?!\w)"
    r"|(?<!\w)(?:did|have|had|has|do) (?:i|we|my \S+)(?: \S+){0,2} "
    r"(?:lose|lost|gain|gained|earn|earned|profit|profited|made money|make money|win|won)(?!\w)"
    r"|(?<!\w)(?:much|what)(?: \S+){0,3} (?:i|we) "
    r"(?:lose|lost|gain|gained|earn|earned|make|made|losing|making)(?!\w)"
    r"|(?<!\w)(?:i|we) (?:lose|lost|gained|earned|made|make)(?!\w)(?! (?:a |an |any )?\S* ?"
    r"(?:orders?|trades?|purchases?|transactions?))"
    r"|(?<!\w)(?:gains?|loss|losses|returns?|result|earnings|performance) (?:on|of|from|in|for) my"
    r"|(?<!\w)my (?:\S+ ){0,3}(?:returns?|performance|gains?|losses|loss|earnings|income)(?!\w)"
    r"|(?<!\w)(?:is|are) my (?:\S+ ){0,2}(?:up|down|green|red|in profit|in the red)(?!\w)"
    r"|(?<!\w)(?:is|are|how) my (?:\S+ ){0,2}(?:portfolio|holdings|positions?|investments?|coins|"
    r"account|doing|performing|up|down)(?!\w).*(?:doing|perform\w*|up|down|going|profit\w*)"
    r"|(?<!\w)(?:portfolio|holdings|positions) (?:return|performance|doing|performing|gain|loss)"
)
"""What came of it."""
DEALT = re.compile(r"(?<!\w)(?:orders?|trades?|fills?|transactions?|purchases?|executions?)(?!\w)")
FEES = any_of("fee|fees|commission|commissions")
CHAIN_METRICS = {
    "hash_rate": any_of("hash rate|hashrate|hash power|hashpower|hash-rate|network hash"),
    "difficulty": any_of("mining difficulty|network difficulty|difficulty"),
    "active_addresses": any_of("active addresses|unique addresses|active wallets|addresses active|"
                               "daily addresses|addresses"),
    "transactions": any_of("on-chain transactions|onchain transactions|network transactions|"
                           "transaction count|transactions per day|transactions a day|"
                           "daily transactions|transactions on the network|chain transactions"),
    "miners_revenue": any_of("miner revenue|miners' revenue|miners revenue|mining revenue|"
                             "miner income|revenue of miners|revenue of the miners"),
    "fees": any_of("network fee|network fees|mempool fee|mempool fees|miner fee|miner fees|"
                   "gas fee|gas fees|transaction fee|transaction fees|on-chain fees|sat/vb|"
                   "fee rate|fee rates|fee level"),
    "backlog": any_of("mempool|backlog|unconfirmed transactions|pending transactions"),
    "block_time": any_of("block time|block times|time between blocks"),
    "all": any_of("on-chain|onchain|on chain|chain metrics|chain data|chain stats|network activity|"
                  "network metrics|network stats|network statistics|blockchain metrics|"
                  "blockchain activity|blockchain stats|network health"),
}  # fmt: skip
PROTOCOL_METRICS = {
    "tvl": any_of("tvl|total value locked|value locked|value is locked|locked value|is locked in|"
                  "locked in|value locked in|how much is locked|money locked"),
    "fees_24h": any_of("protocol fees|fees earned|fees generated|fees collected|fee income|"
                       "fees made|fees taken|daily fees"),
    "revenue_24h": any_of("protocol revenue|daily revenue|revenue|revenues"),
    "all": any_of("fundamentals|fundamental|protocol metrics|protocol data|protocol stats"),
}  # fmt: skip
QUALITY = any_of(
    "data quality|quality of the data|quality of your data|quality of data|how fresh|fresh is|"
    "freshness|is stale|are stale|stale|up to date|up-to-date|feeds|feed status|collectors|"
    "collector|alerts|data gaps|data coverage|last updated|how reliable|reliable is|how current|"
    "how old is the data|how old is your data|data issues|data problems|is your data|"
    "is the data|trust the data|trust your data"
)
OF_LEDGER = {
    "glass": any_of("price|prices|quotes|market data|glass|metrics|candles"),
    "human": any_of("news|reddit|sentiment|posts|articles|human|headlines|social"),
    "catalyst": any_of("filings|events|announcements|sec|catalyst|listings|filing"),
    "exchange": any_of("orders|fills|trades|account|exchange ledger|my data"),
}
TIMELINE = any_of(
    "timeline|time line|everything about|everything on|everything around|everything you have|"
    "everything you know|all you have on|all you know about|all there is on|all there is about|"
    "full picture|chronology|across all ledgers|from all ledgers|across the ledgers"
)
BESIDE = re.compile(
    r"(?:(?<!\w)(?:and|plus|with|also)|,) (?:the |its |a |what's the |what is the )?"
    r"(?:current |latest |newest )?(?:price|prices|chart|quote)(?!\w)(?! (?:i|did i|we|paid))"
)
"""A price that is asked beside something of one's own."""
WEAK_LEVEL = any_of("rate|rates|cost|costs|worth|value|bid|ask|spot|last traded|going for")
CREATIVE = any_of(
    "poem|poems|haiku|limerick|song|lyrics|joke|jokes|essay|recipe|translate|translation|"
    "story about|write code|python script|horoscope|riddle|tweet for me|rap|homework"
)
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
    "it|its|that|this|those|them|they|these|the same|same|that coin|this coin|the coin|both|"
    "own any|hold any|have any|got any|any of it|any of them|either|the two|the other|"
    "the other one|one another|each other"
)
FOLLOWING = re.compile(
    r"^(?:and|what about|how about|also|same|ok(?:ay)? and|now|then|but|plus|or|versus|vs|"
    r"sorry|oops|actually|no|i mean|i meant|make it|rather|instead|thanks|thank you|great|cool|"
    r"nice|"
    r"compared to|compared with|compare|against|did it|has it|is it|was it|how did it|or|"
    r"why|when|which|in comparison|over|for|since|show|only|just|the|what's)(?!\w)"
)
AGAINST = re.compile(
    r"^(?:and |or |what about )?(?:vs\.?|versus|against|compared? (?:to|with|against)|than|"
    r"relative to)(?!\w)"
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
    limit stop fulfilled historic historical monthly weekly daily total biggest largest smallest
    latest previous complete completed full detailed everything overview recap summary summarise
    summarize another everybody anybody somebody myself yourself cricket weather football score
    match stake staked unstake
    """
    )
)
TOPICAL = frozenset(
    word
    for name, pattern in list(globals().items())
    if isinstance(pattern, re.Pattern) and name.isupper()
    for word in re.findall(r"[a-z]{3,}", pattern.pattern.replace(r"\s", " ").replace(r"\w", " "))
)
