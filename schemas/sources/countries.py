"""ISO 3166-1 alpha-2 code of a country that a vendor spells out.

Common English names in the style of the geolocation databases that vendors buy (GeoNames,
MaxMind), with the other spellings that are seen; codes from the tz database's `iso3166.tab`.
"""

import unicodedata
from functools import lru_cache
from typing import Final

_NAMES: Final = (
    "AD Andorra|AE United Arab Emirates|AF Afghanistan|AG Antigua and Barbuda|AI Anguilla|"
    "AL Albania|AM Armenia|AO Angola|AQ Antarctica|AR Argentina|AS American Samoa|AT Austria|"
    "AU Australia|AW Aruba|AX Aland Islands|AZ Azerbaijan|BA Bosnia and Herzegovina|"
    "BB Barbados|BD Bangladesh|BE Belgium|BF Burkina Faso|BG Bulgaria|BH Bahrain|BI Burundi|"
    "BJ Benin|BL Saint Barthelemy|BM Bermuda|BN Brunei|BO Bolivia|BQ Caribbean Netherlands|"
    "BR Brazil|BS Bahamas|BT Bhutan|BV Bouvet Island|BW Botswana|BY Belarus|BZ Belize|"
    "CA Canada|CC Cocos Islands|CD DR Congo|CF Central African Republic|CG Congo Republic|"
    "CH Switzerland|CI Ivory Coast|CK Cook Islands|CL Chile|CM Cameroon|CN China|CO Colombia|"
    "CR Costa Rica|CU Cuba|CV Cabo Verde|CW Curacao|CX Christmas Island|CY Cyprus|CZ Czechia|"
    "DE Germany|DJ Djibouti|DK Denmark|DM Dominica|DO Dominican Republic|DZ Algeria|EC Ecuador|"
    "EE Estonia|EG Egypt|EH Western Sahara|ER Eritrea|ES Spain|ET Ethiopia|FI Finland|FJ Fiji|"
    "FK Falkland Islands|FM Micronesia|FO Faroe Islands|FR France|GA Gabon|GB United Kingdom|"
    "GD Grenada|GE Georgia|GF French Guiana|GG Guernsey|GH Ghana|GI Gibraltar|GL Greenland|"
    "GM Gambia|GN Guinea|GP Guadeloupe|GQ Equatorial Guinea|GR Greece|"
    "GS South Georgia and the South Sandwich Islands|GT Guatemala|GU Guam|GW Guinea-Bissau|"
    "GY Guyana|HK Hong Kong|HM Heard Island and McDonald Islands|HN Honduras|HR Croatia|"
    "HT Haiti|HU Hungary|ID Indonesia|IE Ireland|IL Israel|IM Isle of Man|IN India|"
    "IO British Indian Ocean Territory|IQ Iraq|IR Iran|IS Iceland|IT Italy|JE Jersey|"
    "JM Jamaica|JO Jordan|JP Japan|KE Kenya|KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM Comoros|"
    "KN Saint Kitts and Nevis|KP North Korea|KR South Korea|KW Kuwait|KY Cayman Islands|"
    "KZ Kazakhstan|LA Laos|LB Lebanon|LC Saint Lucia|LI Liechtenstein|LK Sri Lanka|LR Liberia|"
    "LS Lesotho|LT Lithuania|LU Luxembourg|LV Latvia|LY Libya|MA Morocco|MC Monaco|MD Moldova|"
    "ME Montenegro|MF Saint Martin|MG Madagascar|MH Marshall Islands|MK North Macedonia|"
    "ML Mali|MM Myanmar|MN Mongolia|MO Macao|MP Northern Mariana Islands|MQ Martinique|"
    "MR Mauritania|MS Montserrat|MT Malta|MU Mauritius|MV Maldives|MW Malawi|MX Mexico|"
    "MY Malaysia|MZ Mozambique|NA Namibia|NC New Caledonia|NE Niger|NF Norfolk Island|"
    "NG Nigeria|NI Nicaragua|NL Netherlands|NO Norway|NP Nepal|NR Nauru|NU Niue|NZ New Zealand|"
    "OM Oman|PA Panama|PE Peru|PF French Polynesia|PG Papua New Guinea|PH Philippines|"
    "PK Pakistan|PL Poland|PM Saint Pierre and Miquelon|PN Pitcairn Islands|PR Puerto Rico|"
    "PS Palestine|PT Portugal|PW Palau|PY Paraguay|QA Qatar|RE Reunion|RO Romania|RS Serbia|"
    "RU Russia|RW Rwanda|SA Saudi Arabia|SB Solomon Islands|SC Seychelles|SD Sudan|SE Sweden|"
    "SG Singapore|SH Saint Helena|SI Slovenia|SJ Svalbard and Jan Mayen|SK Slovakia|"
    "SL Sierra Leone|SM San Marino|SN Senegal|SO Somalia|SR Suriname|SS South Sudan|"
    "ST Sao Tome and Principe|SV El Salvador|SX Sint Maarten|SY Syria|SZ Eswatini|"
    "TC Turks and Caicos Islands|TD Chad|TF French Southern Territories|TG Togo|TH Thailand|"
    "TJ Tajikistan|TK Tokelau|TL Timor-Leste|TM Turkmenistan|TN Tunisia|TO Tonga|TR Turkey|"
    "TT Trinidad and Tobago|TV Tuvalu|TW Taiwan|TZ Tanzania|UA Ukraine|UG Uganda|"
    "UM U.S. Outlying Islands|US United States|UY Uruguay|UZ Uzbekistan|VA Vatican City|"
    "VC Saint Vincent and the Grenadines|VE Venezuela|VG British Virgin Islands|"
    "VI U.S. Virgin Islands|VN Vietnam|VU Vanuatu|WF Wallis and Futuna|WS Samoa|YE Yemen|"
    "YT Mayotte|ZA South Africa|ZM Zambia|ZW Zimbabwe|XK Kosovo"
)
_ALSO: Final = (
    "BN Brunei Darussalam|BO Bolivia, Plurinational State of|CD Democratic Republic of the Congo|"
    "CD Congo, The Democratic Republic of the|CG Congo|CG Republic of the Congo|CI Cote d'Ivoire|"
    "CV Cape Verde|CZ Czech Republic|FM Micronesia, Federated States of|GB Great Britain|"
    "GB Britain (UK)|GB UK|IR Iran, Islamic Republic of|KP Korea (North)|"
    "KP Korea, Democratic People's Republic of|KR Korea|KR Korea (South)|KR Korea, Republic of|"
    "KR Republic of Korea|LA Lao People's Democratic Republic|MD Moldova, Republic of|"
    "MD Republic of Moldova|MK Macedonia|MM Burma|MO Macau|PS Palestinian Territory|"
    "PS Palestinian Territory, Occupied|PS State of Palestine|RU Russian Federation|SZ Swaziland|"
    "SY Syrian Arab Republic|TL East Timor|TR Turkiye|TW Taiwan, Province of China|"
    "TZ Tanzania, United Republic of|US United States of America|US USA|VA Holy See|"
    "VE Venezuela, Bolivarian Republic of|VN Viet Nam"
)
_LONGEST: Final = 64


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("&", "and").replace("\u2019", "'"))
    bare = "".join(c for c in plain if not unicodedata.combining(c)).lower().strip()
    return bare.removeprefix("the ")


_CODES: Final = {
    _folded(name): code
    for code, _, name in (row.partition(" ") for row in f"{_NAMES}|{_ALSO}".split("|"))
}
_ALPHA_2: Final = frozenset(_CODES.values())


@lru_cache(4096)
def country_code(name: str) -> str:
    """Alpha-2 code of a country's English name or of a code; "" for what is neither.

    >>> country_code("Netherlands"), country_code("The Netherlands"), country_code("nl")
    ('NL', 'NL', 'NL')
    """
    if len(name) > _LONGEST:
        return ""
    if name.upper() in _ALPHA_2:
        return name.upper()
    return _CODES.get(_folded(name), "")
