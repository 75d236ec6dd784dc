package dev.gatun.app.report;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Letters of strokes on a grid of 5 by 10, all of one width: enough to label a chart, with no font
 * at hand. A stroke is written as its points, two digits each: from the left and from the top.
 */
final class Glyphs {
  /** Units from one letter to the next. */
  static final double ADVANCE = 5.6;

  /** Units from the top to the line that letters stand on. */
  static final double BASELINE = 7;

  private static final String[] TABLE = {
    "0 103041463717060110",
    "1 112027 1737",
    "2 01103041430747",
    "3 0110304142331333 334446371706",
    "4 37300545",
    "5 400003334446371706",
    "6 4130100106173746443303",
    "7 004017",
    "8 103041423313020110 1304061737464433",
    "9 4414030110304146371706",
    "A 072047 1535",
    "B 07003041423303 3344463707",
    "C 4130100106173746",
    "D 07003041463707",
    "E 40000747 0333",
    "F 400007 0333",
    "G 41301001061737464424",
    "H 0007 4047 0343",
    "I 1030 2027 1737",
    "J 4046371706",
    "K 0007 4004 1347",
    "L 000747",
    "M 0700244047",
    "N 07004740",
    "O 103041463717060110",
    "P 07003041433404",
    "Q 103041463717060110 2547",
    "R 07003041433404 2447",
    "S 413010010213334446371706",
    "T 0040 2027",
    "U 000617374640",
    "V 002740",
    "W 0017243740",
    "X 0047 4007",
    "Y 002340 2327",
    "Z 00400747",
    "a 0312324347 44140506173746",
    "b 0007 0312324346371706",
    "c 4332120306173746",
    "d 4047 4332120306173746",
    "e 05454332120306173746",
    "f 40302127 1333",
    "g 4332120306173746 4248391908",
    "h 0007 0312324347",
    "i 2227 2020",
    "j 32382919 3030",
    "k 0007 4205 2447",
    "l 202637",
    "m 0702 03122327 23324347",
    "n 0702 0312324347",
    "o 123243463717060312",
    "p 0209 0312324346371706",
    "q 4249 4332120306173746",
    "r 0702 04123243",
    "s 43321203143546371706",
    "t 20263747 1232",
    "u 0206173746 4247",
    "v 022742",
    "w 0217243742",
    "x 0247 4207",
    "y 0226 4219",
    "z 02420747",
    ". 2727",
    ", 2719",
    ": 2323 2727",
    "; 2323 2719",
    "- 1434",
    "+ 0444 2226",
    "/ 0740",
    "( 30222537",
    ") 10222517",
    "[ 30101737",
    "] 10303717",
    "% 0740 0101 4646",
    "_ 0848",
    "= 0343 0545",
    "* 2226 1335 3315",
    "< 410447",
    "> 014407",
    "' 2022",
    "\" 1012 3032",
    "# 1017 3037 0242 0545",
    "? 01103041422526 2727",
    "! 2025 2727",
    "| 2028",
    "~ 05142544",
  };

  /** For what is not in the table. */
  private static final List<double[][]> BOX = read("0040470700");

  private static final Map<Character, List<double[][]>> ALL = all();

  private Glyphs() {}

  private static Map<Character, List<double[][]>> all() {
    Map<Character, List<double[][]>> all = new HashMap<>();
    for (String entry : TABLE) {
      all.put(entry.charAt(0), read(entry.substring(2)));
    }
    all.put(' ', List.of());
    return all;
  }

  private static List<double[][]> read(String strokes) {
    return Arrays.stream(strokes.split(" ")).map(Glyphs::stroke).toList();
  }

  private static double[][] stroke(String digits) {
    double[][] points = new double[2][digits.length() / 2];
    for (int i = 0; i < digits.length(); i++) {
      points[i % 2][i / 2] = digits.charAt(i) - '0';
    }
    return points;
  }

  /** The strokes of a letter, each its places from the left and from the top. */
  static List<double[][]> strokes(char letter) {
    return ALL.getOrDefault(letter, BOX);
  }

  /** The width of a text. */
  static double width(String text) {
    return text.isEmpty() ? 0 : ADVANCE * (text.length() - 1) + 4;
  }
}
