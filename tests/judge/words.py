"""Invented news, in English and Chinese: enough different sentences that a filter sees prose and no pattern."""

from dataclasses import dataclass, replace
from itertools import cycle, islice


@dataclass(frozen=True, slots=True)
class News:
    """One thing that never happened: a story of a brief, or a point of a note."""

    headline: str
    summary: str
    why: str
    tags: tuple[str, ...]
    source: str


ENGLISH = (
    News(
        "Harbour City opens a shared computing hall for small firms",
        "The city has turned a disused cold store into a hall with eleven thousand accelerators. Firms with fewer than "
        "two hundred staff book time by the hour and pay what the electricity costs. A board of engineers from three "
        "universities decides who goes first when the queue grows long.",
        "Young companies no longer need a lender before they can train a model. Landlords of empty cold stores in "
        "other ports have begun to ask how it was done.",
        ("AI infrastructure", "computing power"),
        "Example Wire",
    ),
    News(
        "Ministry asks makers of speaking toys for a plain label",
        "From October, a toy that answers in whole sentences must say on its box where the answers are made, how long "
        "a child’s voice is stored, and whom parents can call. Importers have until spring to sell what is on the "
        "shelves. Testing is left to the provinces, which may share their findings.",
        "It is the first rule of this kind that a parent can check without a lawyer. Makers abroad will print the "
        "same label, since one box for every market is cheaper than two.",
        ("AI regulation", "data governance"),
        "Daily Example",
    ),
    News(
        "Two banks let one model read loan files, and publish its mistakes",
        "For a year the banks gave the same 4,000 applications to their own staff and to a model. The model was "
        "faster by a factor of nine and wrong about seasonal work: it took fishermen for people out of a job. Both "
        "lists of errors are now public, with names removed.",
        "Regulators asked for evidence and received it in a form that others can repeat. Expect the next licence to "
        "name seasonal work as a test.",
        ("AI governance", "AI"),
        "Example Gazette",
    ),
    News(
        "A new port crane learns from the drivers it was meant to replace",
        "Cranes in the western basin run by themselves until the wind passes 14 metres a second; then a driver takes "
        "over from a cabin on land. The maker records what drivers do in gusts and teaches the next version with it. "
        "Drivers receive a share of the savings, agreed after six weeks of talks.",
        "It is a rare contract in which the people whose skill is copied are paid for the copy. Unions in two other "
        "ports have asked for the text.",
        ("labour market", "AI"),
        "Quay Review",
    ),
    News(
        "Chip designers agree on one plug for memory",
        "Seven designers, four of them fierce rivals, will build memory that fits the same socket. The drawings are "
        "free to use, and a laboratory in the south tests every part against them. First boards are due in the "
        "autumn; volume follows a year later.",
        "Buyers can change suppliers without changing the board, which is what kept prices high. The firms that stay "
        "outside will have to explain why.",
        ("semiconductors", "AI chips"),
        "Example Wire",
    ),
    News(
        "Provincial hospitals pool their scans under a common promise",
        "Thirty-one hospitals have put eight million scans into a library that researchers may query but not copy. "
        "Each query is written down and can be read by a patient council, which met for the first time on Monday. "
        "Two questions were turned away: both came from insurers.",
        "The library shows how much can be learnt without a file leaving the house. Whether the council keeps its "
        "power to refuse will decide whether others follow.",
        ("data governance", "health"),
        "Daily Example",
    ),
    News(
        "A carmaker sells its voice assistant to its competitors",
        "The assistant began as a side project of nine people and now answers in 23 dialects. Rivals pay per car and "
        "month and may give it another name. The maker keeps no recordings, an auditor from outside says, after "
        "looking at the servers twice without notice.",
        "In a market that argues about batteries, the cabin has become the thing that people compare. Selling to "
        "rivals is also insurance against their building a better one.",
        ("automotive", "AI agents"),
        "Motor Example",
    ),
    News(
        "Court says a tuned model can be a trade secret",
        "An engineer had left with a copy of the weights, not of the code. His lawyers held that numbers found by "
        "trial belong to nobody. The court disagreed: what matters is that finding them cost years and that the firm "
        "had locked the door. The judgment runs to sixty pages and quotes a recipe for soy sauce.",
        "Firms that keep their models behind a door can now defend them; firms that publish cannot. Contracts with "
        "engineers will grow a paragraph.",
        ("intellectual property", "AI regulation"),
        "Law Example",
    ),
    News(
        "River cities measure water with phones in jam jars",
        "Old telephones, sealed in glass, photograph a white plate under water every hour. A small model estimates "
        "how clear the river is and sends one number. Four cities run 600 of these jars for less than the price of "
        "one official station.",
        "The numbers are coarse and there are many of them, which suits floods better than fine ones that come "
        "weekly. The stations stay: they tell the jars when they are wrong.",
        ("environment", "AI"),
        "River Post",
    ),
    News(
        "Pension fund opens its model of the stock market to members",
        "Members may ask why the fund bought or sold and receive an answer with the figures behind it. In the first "
        "month 70,000 questions came in, a third of them about one mine. The fund sold its share in that mine in the "
        "fifth week, for reasons that it says were its own.",
        "Explaining a decision to the people who bear it changes the decision. Other funds watch, and so do mines.",
        ("finance", "AI investment"),
        "Example Gazette",
    ),
)

CHINESE = (
    News(
        "海港市把旧冷库改成共享机房，小企业按小时租用",
        "改造后的机房装有一万一千块加速卡，员工不足两百人的企业都可预约，费用只按用电成本计算。排队太长时，由三所大学的"
        "工程师组成的小组决定先后次序。首批用户中，一半做的是工业质检，另有几家研究方言语音。",
        "初创企业不必先找贷款再训练模型。其他港口空置冷库的业主，已经开始打听这套做法。",
        ("人工智能基础设施", "算力"),
        "示例通讯社",
    ),
    News(
        "会说整句话的玩具，今后须贴上看得懂的标签",
        "自十月起，包装上要写明回答由谁生成、孩子的声音保存多久、家长可以拨打哪个电话。进口商可在明年春季以前售完存货。"
        "检测工作交由各省负责，结果可以互相承认。",
        "这是第一项家长无须请律师就能核对的规定。一种包装卖到各地总比两种便宜，境外厂商多半也会照办。",
        ("人工智能监管", "数据治理"),
        "示例日报",
    ),
    News(
        "两家银行让同一个模型审贷款，并公布它的错误",
        "一年之内，四千份申请同时交给员工和模型处理。模型快了九倍，却把休渔期的渔民当成失业者。两份错误清单现已公开，"
        "姓名全部隐去，任何人都可以下载核对。",
        "监管部门要的证据，这一次可以由别人重做一遍。下一张牌照很可能把季节性就业列为考题。",
        ("人工智能治理", "金融"),
        "示例财经",
    ),
    News(
        "新式岸桥向即将被取代的司机学习",
        "西港池的岸桥平时自动运行，风速超过每秒十四米时，由岸上的司机接手。厂家记录司机在阵风中的操作，用来训练下一代"
        "系统。双方谈判六周后商定，节省下来的费用有一部分归司机所有。",
        "技能被复制的人因此得到报酬，这样的合同并不多见。另外两个港口的工会已经索要文本。",
        ("劳动力市场", "人工智能"),
        "码头评论",
    ),
    News(
        "七家芯片设计公司约定：内存共用一种插座",
        "七家公司里有四家是老对手，今后生产的内存都能插进同一种插座。图纸免费使用，南方一间实验室逐件检验。第一批主板"
        "预计秋天面世，一年以后才会放量。",
        "买家更换供应商时不必更换主板，而这正是价格长期居高不下的原因。留在圈外的企业，需要给出理由。",
        ("半导体", "人工智能芯片"),
        "示例通讯社",
    ),
    News(
        "三十一家医院共建影像库，可查询，不可拷贝",
        "影像库收入八百万份影像，研究者只能提问，不能带走原件。每次查询都有记录，由患者代表组成的委员会可以随时查阅。"
        "委员会周一首次开会，退回了两个问题，提问的都是保险公司。",
        "数据不出院门，也能得出不少结论。委员会能否保住拒绝的权力，决定别处是否跟进。",
        ("数据治理", "医疗"),
        "示例日报",
    ),
    News(
        "一家车企把语音助手卖给了竞争对手",
        "这个助手起初只是九个人的业余项目，如今听得懂二十三种方言。对手按车、按月付费，还可以另取名字。一家外部审计机构"
        "两次不打招呼检查服务器，确认没有留存录音。",
        "市场还在比较电池，座舱却已成为买家真正在意的部分。卖给对手，也等于给自己上了一道保险。",
        ("汽车", "智能体"),
        "示例汽车报",
    ),
    News(
        "法院认定，调好的模型也可以是商业秘密",
        "一名工程师离职时带走的是参数，不是代码。律师主张，反复试验得来的数字不属于任何人。法院没有采纳：得到这些数字"
        "花了数年时间，企业也确实锁好了门。判决书长达六十页，还引用了一则酱油配方的旧案。",
        "把模型锁在门内的企业从此有据可依，公开模型的则没有。今后的劳动合同大概要多写一段。",
        ("知识产权", "人工智能监管"),
        "示例法制报",
    ),
    News(
        "沿江城市用玻璃罐里的旧手机测量水质",
        "旧手机密封在玻璃罐里，每小时拍一次水下的白板，由小模型估算浊度，只传回一个数字。四座城市共放了六百个罐子，花费"
        "还不到一座正式监测站。",
        "数字粗糙，但是数量多，汛期里比每周一次的精确读数更有用。监测站照样保留，用来纠正罐子。",
        ("环境", "人工智能"),
        "江河邮报",
    ),
    News(
        "养老基金向参保人公开自己的市场模型",
        "参保人可以询问基金为何买入或卖出，并得到带有数据的答复。第一个月收到七万个问题，三分之一问的是同一座矿山。"
        "第五周，基金卖掉了这座矿山的股份，并称理由与此无关。",
        "要向承担后果的人解释决定，决定本身就会改变。其他基金在看，矿山也在看。",
        ("金融", "人工智能投资"),
        "示例财经",
    ),
)

#: where a second round of the same news happens, so that twenty stories are twenty
_PLACES = {"en": ("", "In the north: "), "zh": ("", "北方：")}
_ANGLES = {
    "en": (
        "",
        "The northern provinces follow three months later and change one thing: the money comes from the state. ",
    ),
    "zh": ("", "北方各省三个月后跟进，只改了一处：资金由财政承担。"),
}
MIXES = ("English", "Chinese", "mixed")


def news_of(mix: str, count: int) -> list[News]:
    """So many different pieces of news; in a mixed issue the languages take turns."""
    rounds = [
        [_elsewhere(news, script, turn) for news in found]
        for turn in (0, 1)
        for script, found in (("en", ENGLISH), ("zh", CHINESE))
    ]
    english, chinese = rounds[0] + rounds[2], rounds[1] + rounds[3]
    if mix == "mixed":
        return [part for pair in zip(english, chinese, strict=True) for part in _both(*pair)][:count]
    return list(islice(cycle(english if mix == "English" else chinese), count))


def _both(one: News, other: News) -> tuple[News, News]:
    """The same news told first in one language, then in the other, each with its reason in the other's words."""
    return replace(one, why=other.why, tags=other.tags), replace(other, why=one.why, tags=one.tags)


def _elsewhere(news: News, script: str, turn: int) -> News:
    place, angle = _PLACES[script][turn], _ANGLES[script][turn]
    return replace(news, headline=place + news.headline, summary=angle + news.summary)
