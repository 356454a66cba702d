//! Short forms and variants that no rule of sound reaches.
//!
//! Each line is one group; two tokens that share a group agree as variants. Public knowledge of given names (short
//! forms, and the same name in other languages where documents mix them), written by hand; names of listed people play
//! no part in it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

const GROUPS: &str = "
abd abdul abdel abdoul abdal abdu abdur abdus abdoel abdil
abdullah abdallah abdoulaye abdulla abdalla abdellah
abu abou abo ebu
ahmad ahmed achmad ahmet ahmat
alexander alexandre aleksandr alejandro alessandro oleksandr aleksander aliaksandr alex sasha sascha sanya iskander
alexei aleksey alexey oleksiy aliaksei alyosha
alfred alf fred
ali aly
andrew andrei andrey andre andreas andriy andrzej andy drew
anthony antonio anton antoine tony
anatoly anatoliy anatolii anatol tolya
ana anna anne ann hanna hannah anya annie
barack barak barry
barbara barb babs
benjamin benyamin binyamin ben benny beniamin
bernard bernardo bernie bernhard
charles carlos karl carl charlie chuck karel carlo
christina kristina christine cristina tina
christopher chris kit christof krzysztof cristobal
daniel dan danny danilo daniil
david dave davey davide daud dawud dawood
deborah debra debbie
dmitry dmitri dmitriy dmytro dima
donald don donnie
edward eduard eduardo ed eddie ted teddy edouard
elizabeth elisabeth liz lizzie beth betty elisa elizaveta isabel yelizaveta
emmanuel manuel manolo immanuel
eugene yevgeny evgeny evgeni yevgeniy yevgeni yevhen evgeniy zhenya
fatima fatma fatimah fatemeh
francis francisco francesco frank franz paco pancho franciszek francois
frederick frederik friedrich fred freddy fryderyk
gabriel gabi gavriil
george jorge georg georgy georgi georgiy giorgi giorgio yuri yuriy yury heorhiy jerzy
gerald gerard gerhard gerry jerry gerardo
gregory grigory grigoriy gregor greg grigori hryhoriy
gustav gustavo gus
hasan hassan hasan
helen helena elena yelena olena ilona ellen
henry henri heinrich hank harry enrique henryk
husayn hussein hussain husain hossein hosein hosayn husein houssein
igor ihor
ibrahim abraham ebrahim avraham ibragim brahim abe
isaac ishaq ishak yitzhak isak
ismail ismael esmail ishmael
jacob jakob jacques yakov yaqub yaqoub yacoub jake yaakov
james jim jimmy jamie jaime jaimie
jeffrey geoffrey jeff geoff
john johann johannes jan jean juan ivan giovanni jack johnny yahya ioannis joao ian sean hans janos jon jonny
jonathan jon yonatan
joseph jose josef giuseppe joe joey pepe yusuf yousef youssef iosif yosef josip jozef
joshua josh yehoshua josue
judith judy judit
julia yulia yuliya julie iuliia
katherine catherine kate katie kathy cathy katerina ekaterina yekaterina kateryna catalina katharina
kenneth ken kenny
konstantin constantine kostya kostyantyn
laurence lawrence larry lorenzo laurent lars
leo lev leon leonid
leonard leonardo leo lenny
louis luis ludwig luigi lewis lou ludovic
luke lukas lucas luka lucca
margaret margarita peggy maggie meg marguerite marge rita
mark marc marco marcus markus marek
martin martyn marcin marty
mary maria marie mariam maryam mariya mariam miriam marya
matthew matteo matthias mateo matt matvey mateusz
michael mikhail michel miguel mike mick michal mykhailo mykhaylo misha mihail michele mikael mickey
muhammad mohammed mohamed mohammad muhammed mohamad mehmet mehmed magomed mohd mohammod muhamad muhamed mahomed md mhd mohamud mahamat mamadou
mustafa mostafa moustafa mustapha
nathaniel nathan nate natan
nicholas nikolai nikolay nicolas nick nicola niklas mykola nico kolya nikola nikolaj claus klaus
oleg oleh
omar umar omer oumar
osama usama oussama ousama
paul pablo pavel paolo pavlo pawel pal
patricia pat patty trish
patrick pat patricio paddy
peter pedro pierre petr pyotr pietro petro pete piotr petar
philip philippe felipe filip phil filippo
rachel raquel rahel
ralph rafael raphael raffaele rafal
raymond ramon ray
rebecca becky rebeka
richard ricardo rick dick rich ricky riccardo ryszard
robert roberto bob bobby rob robbie
ronald ron ronnie ronaldo
rudolf rodolfo rudy rolf
samuel sam sammy shmuel
sarah sara sally
sergei sergey serge sergio serhiy serhii siarhei sergii
simon simeon semyon shimon
sophia sofia sophie sofiya
stanislav stanislaw stas stan
stephen steven stefan esteban etienne stephane steve stepan stefano istvan szczepan
susan suzanne susana sue susie zuzana
taras tariq tareq tarek tarik
theodore fyodor fedor teodor ted feodor
thomas tomas tom tommy tomasz tommaso foma
timothy tim timofey timmy
valentin valentine val
vasily vasiliy basil vasyl vasiliy vasya
victor viktor vittorio
victoria viktoria vicky
vincent vicente vincenzo vince
vladimir wladimir volodymyr uladzimir vova vladimer
vyacheslav viacheslav slava
walter walt wally valter
william wilhelm bill billy will guillermo guillaume willem liam willy wim
yaroslav jaroslav iaroslav jaroslaw
yasir yasser jasser jassir
zachary zakaria zakariya zack zachariah
rhee lee ri yi li
park pak bak
choi choe
jung chung jong jeong chong
kim gim
kang gang
yoo yu ryu
roh no noh ro
ryu yoo yu ryoo lyu yoo you
moon mun
lim im rim yim
oh o
yoon yun youn
huh heo hur
joo ju chu
kwon kwun gwon
koo gu ku goo
ko go koh
paik baek paek baik
bae pae
cho jo joe
seong sung
yeong young yong
hyeon hyun hyon
myeong myung myong
gyeong kyung kyong
cheol chul chol
jun joon
hun hoon
su soo
hui hee
gwang kwang
geun keun kun
shin sin
woo wu
chiang jiang
hsu xu
hsieh xie
hsiao xiao
tsao cao
tsai cai
chou zhou
chu zhu
chang zhang
cheng zheng
chen tan chan chin
huang wong hwang
lin lim
wang wong ong
intl international internat internatl
mgmt management mgt
svcs services service svc
mfg manufacturing
assoc association assn
natl national nat
bros brothers
dept department
govt government
engg engineering
tech technology technologies
univ university
inst institute
ind industries industry inds
constr construction
ctr center centre
invest investment investments
trdg trading
transp transport transportation
pharma pharmaceutical pharmaceuticals
hq headquarters
bank banco banque banka banca
";

/// The groups, and for each word the groups it is in. Built once: about 900 words.
struct Table {
    members: Vec<Vec<&'static str>>,
    groups: HashMap<&'static str, Vec<u16>, BuildHasherDefault<Fnv>>,
    /// For each pair of first and last letters, the lengths of the words that have them, as bits: most words asked for are in
    /// no group, and seen to be so without being hashed.
    shapes: Vec<u32>,
}

/// Where a word's shape is noted, and its bit.
fn shape(text: &str) -> Option<(usize, u32)> {
    let letter = |b: Option<&u8>| b.map(|b| usize::from(b & 31));
    let (first, last) = letter(text.as_bytes().first()).zip(letter(text.as_bytes().last()))?;
    Some((first * 32 + last, 1 << text.len().min(31)))
}

/// FNV-1a: the table is fixed and asked often, so that a hash proof against chosen keys would only cost time.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = (self.0 ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let members: Vec<Vec<&'static str>> =
        GROUPS.lines().filter(|l| !l.trim().is_empty()).map(|l| l.split_whitespace().collect()).collect();
    let mut groups: HashMap<&'static str, Vec<u16>, BuildHasherDefault<Fnv>> = HashMap::default();
    for (number, words) in members.iter().enumerate() {
        for word in words {
            let entry = groups.entry(word).or_default();
            if !entry.contains(&(number as u16)) {
                entry.push(number as u16);
            }
        }
    }
    let mut shapes = vec![0; 32 * 32];
    for (at, bit) in groups.keys().filter_map(|word| shape(word)) {
        shapes[at] |= bit;
    }
    Table { members, groups, shapes }
});

/// The groups a token belongs to.
pub fn groups(text: &str) -> &'static [u16] {
    match shape(text) {
        Some((at, bit)) if TABLE.shapes[at] & bit != 0 => TABLE.groups.get(text).map_or(&[], Vec::as_slice),
        _ => &[],
    }
}

/// Whether two tokens are variants of one name.
pub fn same(a: &str, b: &str) -> bool {
    let x = groups(a);
    !x.is_empty() && groups(b).iter().any(|g| x.contains(g))
}

/// Every other member of the token's groups: what the index looks up besides the token itself.
pub fn others(text: &str) -> impl Iterator<Item = &'static str> {
    let own = text.to_owned();
    groups(text)
        .iter()
        .filter_map(|g| TABLE.members.get(*g as usize))
        .flatten()
        .copied()
        .filter(move |word| *word != own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        assert!(same("bob", "robert") && same("bill", "william") && same("yusuf", "joseph"));
        assert!(!same("bob", "william") && !same("oleg", "igor") && !same("boris", "viktor"));
        assert!(others("bob").any(|w| w == "roberto"));
        assert_eq!(others("zzz").count(), 0);
    }
}
