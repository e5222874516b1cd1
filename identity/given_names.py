"""Given names that people are called, beside those that have English short forms: two of them a letter apart are two
names and not a slip."""

from typing import Final

_WRITTEN: Final = """
adam adrian aisha alan alba albert alejandra alejandro aleksandra alena alessandra alessandro alessia alexa alexej
alexia alexis alfonso alfred ali alice alicia alina alisa alma alois amanda amelia amelie amina amir amira ana anders
andrea andreas andrei andrej andres anette angela angelo anika anita anja anke anna annalena anne annegret anneke
annelie anneliese annett annette annika anton antonia antonio ariane arne arno arthur artur astrid august aurora aylin
ayse barbara bastian beata beate ben benedikt benno bernd bernhard bert bianca bjarne bjorn bodo boris brigitta
brigitte britta bruno camila camilla carina carl carla carlo carlos carlotta carmen carola carolin caroline carsten
catarina cecilia celina celine chantal chiara christa christel christian christiane christin christina christine
christof clara clarissa claudia claudio clemens colin conny cornelia cristian cristina dagmar dana daniel daniela
daniele danilo dante david davide dean debora denis denise detlef diana diego dieter dirk dominik dora doris dorothea
edda edgar edith eduardo edwin elena eleni elfriede elias elif elin elina elisa elisabeth elise ella ellen elmar elsa
emil emilia emilie emilio emily emin emma emre enrico enzo eric erich erik erika erna ernst esra esther eugen eva
evelin evelyn fabian fabio fabrizio fatima fatma federica federico felicia felix fernanda fernando filip filippo finja
finn fiona flavia florian francesca francesco francisca francisco frank franka franz franziska frauke frida frieda
friedrich fritz gabriel gabriela gabriele georg gerald gerd gerda gerhard gerrit gina giovanna giovanni gisela gitta
giulia giulio giuseppe gregor greta gudrun guido gunnar gunter gustav hanna hannah hannes hans harald hasan hauke
heidi heike heiko heiner heinrich heinz helen helena helene helga helge helmut hendrik henri henrik henrike herbert
hermann hilda hilde holger horst hubert hugo hussein ibrahim ida igor ilka ilona ilse imke ina ines inga inge ingeborg
ingo ingrid irene irina iris irma isa isabel isabella ivan ivana ivo jakob jan jana janin janina janine janna jannik
jannis jara jaroslav jasmin javier jelena jenny jens jeremias jette jil joachim joana joann joanna joao johan johann
johanna johannes jolanda jonas jonathan jonna jordi jorg jorge jorn jose josef josefine joshua juan juana judith julia
julian juliana juliane julie julio julius jurgen justin justus jutta kai karin karina karl karla karlo karolin
karoline karsten katarina katharina kathrin katja katrin kemal kerstin kevin kira kirsten kirstin klara klaus konrad
konstantin kristian kristin kristina kristof lara larissa lars lasse laura laurenz lea leah lena lene leni lennard
lennart leo leon leona leonard leonardo leonie leonor leonora levi lia liam liana lida lidia lieselotte lilian liliane
lilli lilly lina linda line linn linnea linus lisa lisbeth lore lorena lorenz lorenzo lotta lotte louis louisa louise
luca lucas lucia luciana luciano lucie ludwig luis luisa luise luka lukas luna lutz lydia maja malte manfred manuel
manuela mara marc marcel marcela marcelo marco marcos marcus marek maren margarete margarita margit margot margret
maria mariam marian mariana marianne marie marika marina mario marion marisa marita mark marko markus marla marlen
marlene marlies marlon marta martha martin martina martine mateo mathilda mathis matilda matteo matthias mattis
maurice mauro max maximilian maya mehmet meike melanie melina melissa mia michael michaela michal michel michele
miguel mika mikael mike mila milan milena milo mina mira miriam mirja mirjam mirko mohamed mohammed mona monica monika
morgan moritz muhammad murat mustafa nadia nadine nadja natalia natalie natascha nele nelly nevin nicola nicolas
nicole niklas niko nikola nikolai nikolas nils nina noah noel noelia noelle nora norbert norma oleg olga oliver olivia
oskar osman otto pablo paola paolo pascal patricia patrick patrik patrizia paul paula pauline paulo pavel pedro per
petar peter petra phil philip philipp pia pierre pietro rafael rafaela ralf ramon ramona raphael raul rebecca regina
reiner reinhard renata renate rene rita robert roberta roberto robin rocco roland rolf roman romina romy ronja rosa
rosalie rosario rosi roswitha ruben rudi rudolf ruth sabina sabine sabrina salma samir samira samuel sandra sandro
sara sarah sascha saskia sebastian selin selina selma serena sergej sergio sibel sibylle siegfried sigrid silke
silvana silvia silvio simon simona simone sina sofia sofie sonja sophia sophie soren stefan stefania stefanie stefano
steffen steffi stella sten stephan stephanie susan susana susanna susanne sven svenja sylvia sylvie tamara tania tanja
tara tatjana teresa thea theo theresa theresia thomas thorben thorsten tilda till tim timo tina tobias tom tomas
tommaso toni torben torsten udo ulf ulla ulrich ulrike ursula uta ute uwe valentin valentina valeria valerie vanessa
vera verena veronica veronika victor victoria viktor viktoria vincent viola viviana vivien vladimir volker waltraud
wanda wenke werner wiebke wilhelm willi wladimir wolfgang xaver xenia yannick yasin yasmin yusuf yvette yvonne zeynep
zoe zora
"""
GIVEN_NAMES: Final = frozenset(_WRITTEN.split())
