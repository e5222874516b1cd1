"""No spelling and no answer of a name server leads a request of ours to an address that is not public."""

from ipaddress import ip_address

import pytest

from channels.webhooks.addresses import NotPublic, Target, check_answers, is_private, is_public, read_address
from timeline.interactions import InvalidField

PRIVATE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "0",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.254.1",
    "192.168.0.1",
    "192.168.257",
    "169.254.169.254",
    "100.64.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "１２７.０.０.１",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "localhost",
    "LOCALHOST.",
    "desk.localhost",
    "printer.local",
    "metadata.google.internal",
    "intranet",
    "%31%32%37.0.0.1",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::a00:1]",
    "[2002:7f00:1::]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[ff02::1]",
    "[fec0::1]",
    "[2001:db8::1]",
    "[2a00:1450::5efe:10.0.0.1]",
    "[::1%lo]",
    "127.0.0.1\\@example.com",
    "user:secret@example.com",
    "example.com@127.0.0.1",
    "example.com#@127.0.0.1",
    "256.256.256.256",
    "1.2.3.4.5",
    "0x",
    "",
    ".",
    "exa mple.com",
    "exam\tple.com",
    "exam_ple.com",
    "a" * 64 + ".com",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_a_private_address_in_any_spelling_is_refused(host: str):
    for around in ("https://{}/hook", "https://{}:8443/hook", "HTTPS://{}"):
        with pytest.raises(InvalidField, match=r"^url: "):
            read_address(around.format(host))


@pytest.mark.parametrize(
    "text",
    [
        "http://example.com/hook", "ftp://example.com", "file:///etc/passwd", "gopher://example.com:70/",
        "//example.com",
        "https:example.com", "https:///example.com", "https://example.com:22/", "https://example.com:0/",
        "https://example.com:65536/", "https://example.com:99999999/", "https://example.com:/x y",
        "https://example.com/\r\n",
        "https://example.com/ä", "https://example.com/#a",
        " https://example.com", "https://example.com\n", "example.com",
        "https://exa\x00mple.com", "https://[::1", "https://::1/", "https://example.com/" + "a" * 2_000,
    ],
)  # fmt: skip
def test_what_is_no_address_for_us_is_refused(text: str):
    with pytest.raises(InvalidField, match=r"^url: "):
        read_address(text)


@pytest.mark.parametrize(
    ("text", "host", "port", "path", "authority"),
    [
        ("https://Example.COM", "example.com", 443, "/", "example.com"),
        ("https://example.com./a?b=c%20d", "example.com", 443, "/a?b=c%20d", "example.com"),
        ("https://hooks.example.com:8443/x", "hooks.example.com", 8443, "/x", "hooks.example.com:8443"),
        ("https://example.com?x=1", "example.com", 443, "/?x=1", "example.com"),
        ("https://bücher.example/ä".replace("ä", "a"), "xn--bcher-kva.example", 443, "/a", "xn--bcher-kva.example"),
        ("https://8.8.8.8/", "8.8.8.8", 443, "/", "8.8.8.8"),
        ("https://[2606:4700::1111]:8443/", "2606:4700::1111", 8443, "/", "[2606:4700::1111]:8443"),
        ("https://1password.com/", "1password.com", 443, "/", "1password.com"),
    ],
)
def test_a_public_address_is_taken(text: str, host: str, port: int, path: str, authority: str):
    target = read_address(text)
    assert target == Target(scheme="https", host=host, port=port, path=path)
    assert target.authority == authority


@pytest.mark.parametrize(
    "answers",
    [
        [],
        ["127.0.0.1"],
        ["93.184.215.14", "10.0.0.1"],
        ["2606:4700::1111", "::1"],
        ["::ffff:93.184.215.14"],
        ["fe80::1%eth0"],
        ["2606:4700::1%eth0"],
        ["no address"],
    ],
)
def test_one_bad_answer_refuses_the_name(answers: list[str]):
    with pytest.raises(NotPublic):
        check_answers(read_address("https://example.com"), answers)


def test_good_answers_are_where_a_connection_goes():
    answers = ["93.184.215.14", "2606:4700::1111"]
    assert check_answers(read_address("https://example.com"), answers) == answers


def test_an_operator_opens_private_networks_and_nothing_else():
    for text in ("http://127.0.0.1:9000/x", "http://localhost:9000", "https://10.1.2.3/", "http://[::1]:9000/"):
        read_address(text, private=True)
    for host in ("169.254.169.254", "0.0.0.0", "224.0.0.1", "[fe80::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"):
        with pytest.raises(InvalidField):
            read_address(f"http://{host}:9000/", private=True)
    plain = read_address("http://hooks.example:9000/", private=True)
    assert check_answers(plain, ["10.0.0.1"], private=True) == ["10.0.0.1"]
    for answer in ("93.184.215.14", "169.254.169.254"):
        with pytest.raises(NotPublic):
            check_answers(plain, [answer], private=True)


@pytest.mark.parametrize("text", ["9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.0.1",
                                  "172.32.0.1", "192.169.0.1", "223.255.255.255", "2a00:1450:4001::200e"])  # fmt: skip
def test_neighbours_of_special_networks_are_public(text: str):
    assert is_public(ip_address(text))
    assert not is_private(ip_address(text))
