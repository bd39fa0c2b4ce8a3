// SPDX-License-Identifier: Apache-2.0
#include "objects/xml.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace kseg;
using objects::xml_value;
using objects::XmlEvent;
using objects::XmlReader;

namespace {

/// "+a +b -b=text -a=..." or what is wrong.
std::string events(std::string_view text) {
    XmlReader reader(text);
    std::string all;
    for (;;) {
        const auto event = reader.next();
        if (!event) {
            return "error: " + event.error().message();
        }
        if (*event == XmlEvent::finished) {
            return all;
        }
        all += *event == XmlEvent::begin ? "+" + reader.name() + " " : "-" + reader.name() + "=" + reader.text() + " ";
    }
}

}  // namespace

TEST_CASE("elements, text and what may stand around them are read") {
    CHECK(events("<a/>") == "+a -a= ");
    CHECK(events("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a><b>x</b> <b/></a>\n") == "+a +b -b=x +b -b= -a= ");
    CHECK(events("<a><!-- <c> --><b>1<!-- 2 -->3</b></a>") == "+a +b -b=13 -a= ");
    CHECK(events("<a q='>' r=\"/>\"><b x='1' /></a >") == "+a +b -b= -a= ");
    CHECK(events("<s:a xmlns:s='u'><s:b>t</s:b></s:a>") == "+a +b -b=t -a= ");
    CHECK(events("<a><![CDATA[<&]]>]]&gt;</a>") == "+a -a=<&]]> ");
    CHECK(events("<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#xe4;&#x20AC;&#x1F34E;</a>") ==
          "+a -a=<>&\"'AB\xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\x8e ");
    CHECK(events("<a>\xff</a>") == "+a -a=\xff ");  // whoever takes the text checks it
}

TEST_CASE("what is no document is an error") {
    for (const char* const text : {"",
                                   " ",
                                   "x",
                                   "<",
                                   "<a",
                                   "<a>",
                                   "<a><b></a></b>",
                                   "</a>",
                                   "<a></a><b/>",
                                   "<a></b>",
                                   "<a/>x",
                                   "<>",
                                   "< a/>",
                                   "<a>&x;</a>",
                                   "<a>&</a>",
                                   "<a>&#;</a>",
                                   "<a>&#0;</a>",
                                   "<a>&#xd800;</a>",
                                   "<a>&#x110000;</a>",
                                   "<a>&#99999999999999999999;</a>",
                                   "<a><![CDATA[x</a>",
                                   "<a><!-- x</a>",
                                   "<?xml",
                                   "<a x='></a>",
                                   "<![CDATA[x]]>",
                                   "<a<b/></a>",
                                   "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"}) {
        CAPTURE(text);
        CHECK(events(text).starts_with("error: "));
    }
}

TEST_CASE("every part of a document, broken off anywhere, is an error") {
    const std::string whole = "<?xml version='1.0'?><a><b>x&amp;y</b><!-- c --><c><![CDATA[d]]></c><e f='g'/></a>";
    REQUIRE_FALSE(events(whole).starts_with("error: "));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        CHECK(events(whole.substr(0, size)).starts_with("error: "));
    }
}

TEST_CASE("depth is bounded") {
    std::string deep;
    for (int i = 0; i < 33; ++i) {
        deep += "<a>";
    }
    CHECK(events(deep).find("too deep") != std::string::npos);
    CHECK(events(std::string(5'000'000, '<')).starts_with("error: "));
}

TEST_CASE("one value is found by its path") {
    const char* const error =
        "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>a &lt; "
        "b</Message><Inner><Code>2</Code></Inner></Error>";
    CHECK(xml_value(error, "Error/Code") == "NoSuchKey");
    CHECK(xml_value(error, "Error/Message") == "a < b");
    CHECK(xml_value(error, "Error/Inner/Code") == "2");
    CHECK(xml_value(error, "Error/Region").empty());
    CHECK(xml_value(error, "Code").empty());
    CHECK(xml_value("<Error><Code>SlowDown</Code><Mess", "Error/Code") == "SlowDown");
    CHECK(xml_value("<html>503</html>", "Error/Code").empty());
    CHECK(xml_value("not XML", "Error/Code").empty());
}
