-- Read the Markdown of a report with pandoc as JupyterLab does: what it shows as a list,
-- a heading or a table is one, and what it shows as text is text.
--
-- Fragments are separated by NUL and read one by one, so that footnotes and links do not
-- reach others; a seam follows each. HTML is converted if it can be printed, otherwise
-- refused, as is LaTeX, which the page lacks. What only looks like HTML (a<b) is text.

-- The nearest of pandoc's formats: each change costs 0.1 ms per fragment.
local FORMAT = "markdown_github"
  -- what JupyterLab shows as typed
  .. "-alerts-emoji-auto_identifiers-gfm_auto_identifiers"
  -- what reports have in addition
  .. "+citations+fenced_code_attributes+header_attributes+raw_attribute"
  .. "+escaped_line_breaks+smart+startnum+tex_math_dollars"

local PRINTED = {
  b = pandoc.Strong, strong = pandoc.Strong, i = pandoc.Emph, em = pandoc.Emph,
  s = pandoc.Strikeout, del = pandoc.Strikeout, u = pandoc.Underline,
  sub = pandoc.Subscript, sup = pandoc.Superscript,
  code = function(inlines) return pandoc.Code(pandoc.utils.stringify(inlines)) end,
}

local REFUSED = {}
for name in ([[a abbr audio big blockquote button canvas center cite dd details div dl dt
  embed figcaption figure font form h1 h2 h3 h4 h5 h6 hr iframe img input kbd li link mark
  object ol p picture pre q samp script section small source span strike style summary
  svg table tbody td tfoot th thead tr tt ul var video]]):gmatch("%w+") do
  REFUSED[name] = true
end

local RAW = { page = "html", print = "latex" } -- formats that the report itself writes

local number = 0 -- of the fragment that is being read

local function refuse(reason)
  error("refused:" .. number .. ":" .. reason .. ":", 0)
end

local function is_html(element)
  return element.t:match("^Raw") and element.format == "html"
end

-- Convert raw text that does not begin a printable element: to an element, or to nothing.
local function convert_raw(raw)
  local html = raw.text
  if not is_html(raw) then
    refuse("{=" .. raw.format .. "} cannot be both in print and on the page")
  end
  if html:match("^<!%-%-") then return nil end
  if html:match("^<br ?/?>$") then return pandoc.LineBreak() end
  local name = html:match("^</?(%w+)%s*/?>") or html:match("^<(%w+)%s[^<>]*=")
  if name and REFUSED[name:lower()] then
    refuse("HTML's <" .. name .. "> cannot be printed, only b, br, code, del, em, i, s, "
      .. "strong, sub, sup and u")
  end
  return pandoc.Str(html)
end

local function convert(inlines)
  local result, i = pandoc.Inlines {}, 1
  while i <= #inlines do
    local inline, last = inlines[i], nil
    local name = is_html(inline) and inline.text:match("^<(%w+)>$")
    if PRINTED[name] then
      for k = i + 1, #inlines do
        if is_html(inlines[k]) and inlines[k].text == "</" .. name .. ">" then
          last = k
          break
        end
      end
    end
    if last then
      local inner = pandoc.Inlines {}
      for k = i + 1, last - 1 do inner:insert(inlines[k]) end
      result:insert(PRINTED[name](convert(inner)))
      i = last
    elseif inline.t == "RawInline" and RAW[inline.format] then
      result:insert(pandoc.RawInline(RAW[inline.format], inline.text))
    elseif inline.t == "RawInline" then
      result:extend { convert_raw(inline) }
    else
      result:insert(inline)
    end
    i = i + 1
  end
  return result
end

local function convert_block(block)
  local element = convert_raw(block)
  return element and pandoc.Para { element } or {}
end

-- Refuse what would come out as something other than was meant, such as an unclosed
-- formula: its dollars remain in the text, besides those of complete formulas.
local function validate(document, text)
  local rest = (" " .. text):gsub("%$%$(.-)%$%$", function(formula)
    return not formula:find("\n%s*\n") and ""
  end)
  if rest:find("[^\\]%$%$") or rest:find("\\begin{") then
    document:walk {
      Str = function(str)
        if str.text:find("%$%$") or str.text:find("\\begin{") then
          refuse("mathematics is left open")
        end
      end,
    }
  end
  local function comment(math)
    if (" " .. math.text):find("[^\\]%%") then
      refuse("in mathematics, % begins a comment that is not printed; write \\%")
    end
  end
  if text:find("%%") then document:walk { Math = comment } end
  local function code(element)
    if element.text:find("`{=print}", 1, true) then
      refuse("a block of Markdown is left open")
    end
  end
  local function equation(element)
    element:walk {
      RawInline = function(raw)
        if raw.text:find("^\\numbered{") then
          refuse("an equation in a note or in a table has no number")
        end
      end,
    }
  end
  local function image() refuse("publish pictures with report.figure") end
  if text:find("{=print}", 1, true) or text:find("![", 1, true) then
    document:walk { Code = code, CodeBlock = code, Image = image }
    document:walk { Note = equation, Table = equation }
  end
end

-- Tell whether the text after a name in brackets is the address of a link, or a comment.
local function is_address(name, rest, text)
  local used = "%[" .. name:lower():gsub("%p", "%%%0") .. "%][^:]"
  return (rest .. " "):find("^[#<]>?%s")
    or not name:find("^%^") and (text .. "\n"):lower():find(used)
    and (rest:find("^%S+$") or rest:find("^%S+%s+[\"'(]") or rest:find("^<[^<>]+>"))
end

-- Count the cells in a row of a table; a bar in code or in a formula is not a border.
local function count_cells(row)
  row = row:gsub("\\.", ""):gsub("`[^`]*`", ""):gsub("%$[^$]*%$", "")
  local _, bars = row:gsub("^[%s>]*|", ""):gsub("|%s*$", ""):gsub("|", "")
  return bars + 1
end

-- Add what pandoc needs: a blank line before tables and notes, an end of every block of
-- code, a full stop for a parenthesis after the numbers of a list, and a backslash where
-- text such as "[Note]: this is all" would be a hidden link address.
local function complete(text)
  local lines, fence, in_list, columns = {}, nil, false, nil
  for line in (text .. "\n"):gmatch("(.-)\n") do
    local mark = line:match("^ ? ? ?(```+)[^`]*$") or line:match("^ ? ? ?(~~~+)")
    if mark and not fence then
      fence = mark
      -- Of the text after the fence, pandoc understands a language and attributes.
      line = line:match("^%s*[`~]+%s*{[.=#].*") or line:match("^%s*[`~]+%s*[%w+-]*")
    elseif mark and mark:sub(1, #fence) == fence then
      fence = nil
    end
    local indent, number, rest = line:match("^(%s*)(%d+)%)(%s.*)")
    if number and not fence and (in_list or #indent < 4)
      and (in_list or number == "1" or not (lines[#lines] or ""):find("%S")) then
      line, in_list = indent .. number .. "." .. rest, true
    elseif line:find("^%S") then
      in_list = false
    end
    local before, label, rest = line:match("^([%s>%d.)*+-]*)%[([^%]]+)%]:%s*(.-)%s*$")
    if label and not fence and not before:find("^%s%s%s%s+$") then
      if label:find("^%^%S+$") then -- a note
        if before:find("^%s*$") then lines[#lines + 1] = "" end
      elseif not is_address(label, rest, text) then
        line = before .. "\\" .. line:sub(#before + 1)
      end
    end
    local is_rule = line:match("^[%s>:|-]+$") and line:find("|") and line:find("-")
      and not fence and (lines[#lines] or ""):find("|")
    if is_rule and #lines > 1 and not line:find(">")
      and lines[#lines - 1]:match("%S") and not lines[#lines - 1]:find("^%s*|") then
      table.insert(lines, #lines, "")
    end
    columns = not fence and line:find("[^%s>]") and (is_rule and count_cells(line) or columns)
    if columns and (count_cells(line) > columns
      or is_rule and count_cells(lines[#lines]) > columns) then
      refuse("a row of a table has more cells than its line of dashes")
    end
    lines[#lines + 1] = line
  end
  lines[#lines + 1] = fence
  return table.concat(lines, "\n")
end

function Reader(sources)
  -- If nothing is cited, list all works; otherwise only those that are cited.
  local blocks, uncited = pandoc.Blocks {}, { pandoc.Citation("*", "NormalCitation") }
  for text in (tostring(sources) .. "\0"):gmatch("(.-)\0") do
    local document = pandoc.read(complete(text), FORMAT)
    validate(document, text)
    if text:find("<") or text:find("{%s*=") then -- it may have HTML
      document = document:walk { Inlines = convert, RawBlock = convert_block }
    end
    if text:find("@") then document:walk { Cite = function() uncited = {} end } end
    blocks:extend(document.blocks)
    blocks:insert(pandoc.RawBlock("latex", "%%seam%%"))
    blocks:insert(pandoc.RawBlock("html", "<!--seam-->"))
    number = number + 1
  end
  return pandoc.Pandoc(blocks, { nocite = { pandoc.Cite({}, uncited) } })
end
