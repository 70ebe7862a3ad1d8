"""The email rules that a new desk starts with: they know an outage's words in Chinese and English and propose a P0.

What is denied, over or only asked about does not count. "Down" alone means an outage, "all users" only where
something goes wrong for them.
"""

P0 = 0
PROPOSE = "propose"

OUTAGE = ("大面积", "无法连接", "黑屏", "系统级故障", "全站故障", "全线故障", "down", "outage", "outages")
EVERYBODY = (
    "全部直播间", "所有直播间", "所有用户", "全部用户", "全体用户", "所有房间", "全部房间", "所有主播", "全部主播",
    "all users", "all our users", "all of our users", "all the users", "every user", "all customers", "all rooms",
    "all our rooms", "all hosts", "all streams", "everyone", "everybody",
)  # fmt: skip
TROUBLE = (
    "无法", "不能", "不了", "不上", "不去", "不到", "不出", "失败", "异常", "故障", "报错", "错误", "崩溃", "中断", "断开", "断线", "断流",
    "掉线", "卡顿", "卡住", "卡死", "黑屏", "花屏", "白屏", "没有声音", "没声音", "无声", "没画面", "没有画面", "超时", "瘫痪", "挂了",
    "受影响", "影响到", "打不开", "进不", "连不", "登不", "看不", "听不", "用不",
    "cannot", "can not", "can't", "cant", "unable", "fail", "fails", "failed", "failing", "failure", "failures",
    "error", "errors", "crash", "crashes", "crashed", "crashing", "down", "offline", "disconnected", "disconnect",
    "disconnects", "dropped", "kicked", "thrown out", "kicked out", "frozen", "freeze", "freezes", "stuck", "black",
    "no sound", "no audio", "no video", "no picture", "timeout", "timeouts", "timed out", "broken", "broke",
    "affected", "affects", "affecting", "impacted", "unavailable", "unreachable", "lost", "not working",
    "doesn't work", "does not work", "do not work", "don't work", "stopped working", "not loading", "won't load",
    "complain", "complains", "complaining",
)  # fmt: skip
RULES = (
    {"name": "Outage", "position": 10, "words": OUTAGE, "only_now": True},
    {"name": "Everybody is affected", "position": 20, "words": EVERYBODY, "more_words": TROUBLE, "only_now": True},
    {"name": "P0 in words", "position": 30, "words": ("P0",), "only_now": True},
    {"name": "Marked as urgent by the sender", "position": 40, "is_important": True},
)


def ship(apps, schema_editor):
    rules = apps.get_model("tickets", "Rule").objects
    for rule in RULES:
        lists = {name: "\n".join(rule[name]) for name in ("words", "more_words") if name in rule}
        rest = {"priority": P0, "how": PROPOSE, "stamp": rule["position"]}  # the same on every desk
        rules.get_or_create(name=rule["name"], defaults={**rule, **lists, **rest})
